/**
 * Webhooks: each message is a POST of JSON to a URL. A row of the table gives the body for one kind of receiver.
 *
 * The row `webhook` sends a CloudEvent (1.0, JSON in structured mode), signed as Standard Webhooks do it: the header
 * `webhook-signature` has the HMAC-SHA256 of id, time and body.
 */
import { createHmac } from "node:crypto";
import { bodyOf, type Message } from "../message.js";
import type { Delivery } from "./delivery.js";
import { post } from "./post.js";

const PUBLIC_NTFY = "https://ntfy.sh";

/** Characters that Discord takes in a message. */
const MOST_OF_DISCORD = 2000;

/** Marks of ntfy, which shows them as emojis. */
const NTFY_TAGS: Record<Message["event"], string> = {
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

/** The settings of all kinds of webhooks. */
interface Settings {
  url?: string;
  server?: string;
  topic?: string;
  token?: string;
  secret?: string;
}

type Body = (message: Message, from: { host: string; topic: string | undefined }) => object;

/** Mattermost takes the body of Slack. */
const BODIES = {
  webhook: cloudEvent,
  ntfy: (message, { topic }) => ({
    topic,
    title: message.title,
    message: bodyOf(message),
    tags: [NTFY_TAGS[message.event]],
    priority: message.isUrgent ? 4 : 3,
  }),
  slack: (message) => ({ text: escapedForSlack(chatText(message)) }),
  discord: (message) => ({ content: cutForDiscord(chatText(message)), allowed_mentions: { parse: [] } }),
} as const satisfies Record<string, Body>;

/** Sends to a receiver of the kind. The address of a Discord webhook is recognised. */
export function webhookOf(kind: "webhook" | "ntfy" | "slack") {
  return async (settings: Settings, { message, secrets, host, signal }: Delivery): Promise<void> => {
    const { topic, token, secret } = settings;
    const url = kind === "ntfy" ? (settings.server ?? PUBLIC_NTFY) : settings.url!;
    const receiver = kind === "slack" && isDiscord(url) ? "discord" : kind;
    const body = JSON.stringify(BODIES[receiver](message, { host, topic }));
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (kind === "webhook") Object.assign(headers, standardHeaders(message.id, secret, body));
    await post({ url, secrets, body, headers, signal });
  };
}

function standardHeaders(id: string, secret: string | undefined, body: string): Record<string, string> {
  const at = Math.floor(Date.now() / 1000);
  return {
    "content-type": "application/cloudevents+json; charset=utf-8",
    "webhook-id": id,
    "webhook-timestamp": String(at),
    ...(secret !== undefined && { "webhook-signature": signatureOf(secret, id, at, body) }),
  };
}

/** A receiver gets every notice of a summary, each whole. */
function cloudEvent({ id, event, at, title, notices }: Message, { host }: { host: string }) {
  const [notice] = notices;
  const isOne = event !== "summary";
  return {
    specversion: "1.0",
    id,
    source: `/liveops/${encodeURIComponent(host)}`,
    type: `liveops.${event}`,
    ...(isOne && notice!.operation !== null && { subject: notice!.operation.id }),
    time: at,
    datacontenttype: "application/json",
    data: isOne ? notice : { title, notices },
  };
}

/**
 * The signature `v1,…`.
 *
 * @param key `whsec_` with the key in base64; any other text is the key itself
 * @param at seconds since 1970
 */
export function signatureOf(key: string, id: string, at: number, body: string): string {
  const bytes = key.startsWith("whsec_")
    ? Buffer.from(key.slice("whsec_".length), "base64")
    : Buffer.from(key);
  return `v1,${createHmac("sha256", bytes).update(`${id}.${at}.${body}`).digest("base64")}`;
}

/** Discord has webhooks in the form of Slack too, below `/slack`. */
function isDiscord(url: string): boolean {
  const path = URL.parse(url)?.pathname ?? "";
  return path.includes("/api/webhooks/") && !path.endsWith("/slack");
}

/** Slack reads `<…>` as a link or a mention, and `&` as an escape; a block of code holds no mention. */
function escapedForSlack(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function cutForDiscord(text: string): string {
  const end = "\n```";
  return text.length > MOST_OF_DISCORD ? `${text.slice(0, MOST_OF_DISCORD - end.length - 1)}…${end}` : text;
}

function chatText(message: Message): string {
  const body = bodyOf(message).replaceAll("`", "'");
  return `*${inert(message.title)}*\n\`\`\`\n${body}\n\`\`\``;
}

/** Mattermost reads mentions in every text, and marks of bold text end at a star. */
function inert(title: string): string {
  return title
    .replace(/@(?=\w)/g, "@\u200b")
    .replaceAll("*", "∗")
    .replaceAll("`", "'");
}
