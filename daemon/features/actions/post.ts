/**
 * Posts a message to a URL. A redirect is an error: what follows it could send a secret to another
 * server.
 */
import type { Action, MESSAGE_FORMS } from "../../../protocol/actions.js";
import { readRegularFile } from "../../../protocol/system/own-file.js";
import { inHome } from "../../../protocol/system/places.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { VERSION } from "../../../protocol/version.js";
import { bodyOf, type Message } from "./message.js";

type Post = Extract<Action, { post: string }>;

/** Most bytes of the file of a URL. */
const MOST_BYTES = 64 * 1024;

/** Characters of a reply that an error quotes. */
const MOST_QUOTED = 200;

/** Characters that Discord takes in a message. */
const MOST_OF_DISCORD = 2000;

/** The body for each form. A URL of ntfy ends with the topic, and the body names it. */
const BODIES: Record<(typeof MESSAGE_FORMS)[number], (message: Message, url: URL) => object> = {
  json: ({ event, subject, reasons, next, about }) => ({ event, subject, reasons, next, about }),
  ntfy: (message, { pathname }) => ({
    topic: pathname.slice(pathname.lastIndexOf("/") + 1),
    title: message.subject,
    message: bodyOf(message),
  }),
  // Slack reads `<…>` as a link or a mention, and `&` as an escape; Mattermost takes this body too.
  slack: (message) => ({
    text: chatText(message).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"),
  }),
  discord: (message) => ({
    content: chatText(message).slice(0, MOST_OF_DISCORD),
    allowed_mentions: { parse: [] },
  }),
};

/** @returns why the server did not take it; null: it replied with a status of 200 to 299 */
export async function post(
  { post: text, as = "json" }: Post,
  message: Message,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string | null> {
  const url = URL.parse(urlOf(text, env));
  if (url === null || !/^https?:$/.test(url.protocol)) return `${text} holds no http or https URL`;
  const body = message.masker.mask(JSON.stringify(BODIES[as](message, url)));
  const target = as === "ntfy" ? new URL(".", url) : url;
  target.search = url.search;
  try {
    const response = await fetch(target, {
      method: "POST",
      body,
      signal,
      redirect: "manual",
      headers: { "content-type": "application/json", "user-agent": `liveops/${VERSION}` },
    });
    if (response.ok) {
      await response.body?.cancel();
      return null;
    }
    const status = `${url.host} replied with ${response.status}`;
    // A server may quote its URL.
    if (isReference(text)) return status;
    const said = firstLine(sanitize(await response.text(), { newlines: true }).trim());
    return said === "" ? status : `${status}: ${said.slice(0, MOST_QUOTED)}`;
  } catch (error) {
    const { cause, name } = error as Error & { cause?: NodeJS.ErrnoException };
    return name === "TimeoutError"
      ? `${url.host} did not reply in time`
      : `${url.host} cannot be reached: ${cause?.code ?? (error as Error).message}`;
  }
}

/** Whether the text names the place of a URL that is a secret. */
function isReference(text: string): boolean {
  return /^(env|file):/.test(text);
}

/** @param text a URL, or the place of a secret one */
function urlOf(text: string, env: Readonly<Record<string, string | undefined>>): string {
  if (!isReference(text)) return text;
  const place = text.slice(text.indexOf(":") + 1);
  if (text.startsWith("env:")) return env[place] ?? "";
  try {
    return readRegularFile(inHome(place, process.env), MOST_BYTES).toString("utf8").trim();
  } catch {
    return "";
  }
}

/** A block of code holds no mention. */
function chatText(message: Message): string {
  const subject = message.subject.replace(/@(?=\w)/g, "@\u200b").replace(/[*`]/g, "'");
  return `*${subject}*\n\`\`\`\n${bodyOf(message).replaceAll("`", "'")}\n\`\`\``;
}
