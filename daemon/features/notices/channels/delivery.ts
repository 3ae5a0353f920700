/** What a channel gets to send a message, and how it says that the message was not taken. */
import type { Message } from "../message.js";
import type { Secrets } from "../secrets.js";

export interface Delivery {
  message: Message;
  secrets: Secrets;
  /** Name of this host. */
  host: string;
  /** Environment of the programs that a channel starts. */
  env: Record<string, string>;
  /** Aborts after the time that a channel has, and when the daemon stops. */
  signal: AbortSignal;
}

/** Advice of Node for a certificate, which is for those who run Node. */
const FOR_NODE = /; if the root CA is installed locally, try running Node\.js with --use-system-ca/;
const FOR_LIVEOPSD = "; for an authority of your own, start liveopsd with NODE_EXTRA_CA_CERTS=FILE";

/** The message was not taken. The text says why, and what to do. */
export class DeliveryError extends Error {
  /** @param retryAfter seconds for which the server asks; null: it does not */
  constructor(
    message: string,
    readonly retryAfter: number | null = null,
  ) {
    super(message.replace(FOR_NODE, FOR_LIVEOPSD));
  }
}
