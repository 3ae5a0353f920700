/** Whether a daemon answers on the socket. */
import type { Client } from "../../protocol/client/client.js";
import { ConnectionLostError, NoDaemonError } from "../../protocol/client/errors.js";
import type { DaemonReply } from "../../protocol/routes.js";

/**
 * What it says of itself, or null where none answers.
 *
 * @throws Refusal of another version; NoAnswerError where it takes the connection and is silent
 */
export async function answering(client: Client): Promise<DaemonReply | null> {
  try {
    return await client.daemon();
  } catch (error) {
    if (error instanceof NoDaemonError || error instanceof ConnectionLostError) return null;
    throw error;
  }
}
