/** The incoming webhook of Slack, which Mattermost understands too, and that of Discord. */
import type { Channel } from "../../../../protocol/features/notices/setting.js";
import { bodyOf, type Message } from "../message.js";
import type { Delivery } from "./delivery.js";
import { post } from "./post.js";

/** Characters that Discord takes in a message. */
const MOST_OF_DISCORD = 2000;

export async function sendToSlack(
  { url }: NonNullable<Channel["slack"]>,
  { message, secrets, signal }: Delivery,
): Promise<void> {
  await post({
    url,
    secrets,
    body: JSON.stringify(isDiscord(url) ? discordBody(message) : { text: slackText(message) }),
    headers: { "content-type": "application/json" },
    signal,
  });
}

/** Discord has webhooks in the form of Slack too, below `/slack`. */
function isDiscord(url: string): boolean {
  const path = URL.parse(url)?.pathname ?? "";
  return path.includes("/api/webhooks/") && !path.endsWith("/slack");
}

/** Slack reads `<…>` as a link or a mention, and `&` as an escape; a block of code holds no mention. */
function slackText(message: Message): string {
  const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return escaped(textOf(message));
}

function discordBody(message: Message) {
  const text = textOf(message);
  const end = "\n```";
  const content =
    text.length > MOST_OF_DISCORD ? `${text.slice(0, MOST_OF_DISCORD - end.length - 1)}…${end}` : text;
  return { content, allowed_mentions: { parse: [] } };
}

function textOf(message: Message): string {
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
