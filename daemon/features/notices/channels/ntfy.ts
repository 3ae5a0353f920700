/** ntfy: a server that pushes messages to phones and browsers. */
import type { Channel } from "../../../../protocol/features/notices/setting.js";
import { bodyOf } from "../message.js";
import type { Delivery } from "./delivery.js";
import { post } from "./post.js";

const PUBLIC_SERVER = "https://ntfy.sh";

/** Marks of ntfy, which shows them as emojis. */
const TAGS: Record<Delivery["message"]["event"], string> = {
  failed: "x",
  finished: "white_check_mark",
  stalled: "hourglass",
  input: "keyboard",
  approval: "raised_hand",
  odd: "chart_with_upwards_trend",
  missed: "alarm_clock",
  trouble: "warning",
  summary: "clipboard",
  test: "white_check_mark",
};

const PRIORITY = { urgent: 4, calm: 3 } as const;

export async function sendToNtfy(
  { topic, server = PUBLIC_SERVER, token }: NonNullable<Channel["ntfy"]>,
  { message, secrets, signal }: Delivery,
): Promise<void> {
  const { title, event, isUrgent } = message;
  await post({
    url: server,
    secrets,
    // As JSON: a header holds no text beyond Latin-1.
    body: JSON.stringify({
      ...{ topic, title, message: bodyOf(message), tags: [TAGS[event]] },
      priority: isUrgent ? PRIORITY.urgent : PRIORITY.calm,
    }),
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    signal,
  });
}
