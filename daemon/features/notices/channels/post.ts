/** Posts a message to a server. A redirect is an error: what follows it could send a secret to another server. */
import { firstLine } from "../../../../protocol/text/first-line.js";
import { sanitize } from "../../../../protocol/text/sanitize.js";
import { VERSION } from "../../../../protocol/version.js";
import type { Secrets } from "../secrets.js";
import { DeliveryError } from "./delivery.js";

/** Characters of a reply that an error quotes. */
const MOST_QUOTED = 200;
/** Characters of a reply that are read. */
const MOST_READ = 1024;

interface Post {
  /** May hold secrets: no error quotes it. */
  url: string;
  secrets: Secrets;
  body: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** @throws DeliveryError where the server does not reply with a status of 200 to 299 */
export async function post({ url, secrets, body, headers, signal }: Post): Promise<void> {
  const target = new URL(url);
  const response = await reply(target, { body, headers, signal });
  const { status } = response;
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  if (status >= 300 && status < 400) throw redirected(status, target, response.headers.get("location"));
  // A secret may lie where the text is cut.
  const masked = secrets.masker.maskOutgoing(await beginningOf(response));
  const said = firstLine(sanitize(masked, { newlines: true }).trim()).slice(0, MOST_QUOTED);
  const text = `${target.host} replied with ${status}${said === "" ? "" : `: ${said}`}`;
  throw new DeliveryError(`${text}${HINTS[status] ?? ""}`, retryAfter(response.headers.get("retry-after")));
}

const HINTS: Record<number, string> = {
  401: "; check the token",
  403: "; check the token and the address",
  404: "; check the address",
  410: "; make a new webhook there",
};

async function reply(
  target: URL,
  { body, headers, signal }: Omit<Post, "url" | "secrets">,
): Promise<Response> {
  try {
    return await fetch(target, {
      method: "POST",
      body,
      signal,
      redirect: "manual",
      headers: { "user-agent": `liveops/${VERSION}`, ...headers },
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, cause } = error as Error;
    throw new DeliveryError(`${target.host} cannot be reached: ${reasonOf(cause) ?? message}`);
  }
}

/** The cause of a failed fetch names the address and the error of the system. */
function reasonOf(cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  const [first] = cause instanceof AggregateError ? (cause.errors as Error[]) : [cause];
  return first?.message || (cause as NodeJS.ErrnoException).code || null;
}

function redirected(status: number, target: URL, location: string | null): DeliveryError {
  const to = location === null ? null : URL.parse(location, target.href);
  const where = to === null ? "" : ` to ${to.host === target.host ? "another path of it" : to.origin}`;
  return new DeliveryError(
    `${target.host} replied with ${status}, a redirect${where}, which is not followed: set the URL to the place itself`,
  );
}

/** The first characters of the reply. The rest is not read. */
async function beginningOf(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= MOST_READ) break;
  }
  return text.slice(0, MOST_READ);
}

/** Seconds of the header, which is a number or a date; null: neither. */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isFinite(date) ? Math.max(0, (date - Date.now()) / 1000) : null;
}
