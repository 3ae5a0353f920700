/**
 * A webhook: each message is a CloudEvent (1.0, JSON in structured mode), signed as Standard Webhooks do it: the header
 * `webhook-signature` has the HMAC-SHA256 of id, time and body.
 */
import { createHmac } from "node:crypto";
import type { Channel } from "../../../../protocol/features/notices/setting.js";
import type { Message } from "../message.js";
import type { Delivery } from "./delivery.js";
import { post } from "./post.js";

export async function sendToWebhook(
  { url, secret }: NonNullable<Channel["webhook"]>,
  { message, secrets, host, signal }: Delivery,
): Promise<void> {
  const body = JSON.stringify(cloudEvent(message, host));
  const at = Math.floor(Date.now() / 1000);
  await post({
    url,
    secrets,
    body,
    headers: {
      "content-type": "application/cloudevents+json; charset=utf-8",
      "webhook-id": message.id,
      "webhook-timestamp": String(at),
      ...(secret !== undefined && { "webhook-signature": signatureOf(secret, message.id, at, body) }),
    },
    signal,
  });
}

/** A receiver gets every notice of a summary, each whole. */
function cloudEvent({ id, event, at, title, notices }: Message, host: string) {
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
