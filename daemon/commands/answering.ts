/** Whether a daemon answers on the socket. */
import type { Client } from "../../protocol/client/client.js";
import { ConnectionLostError, NoDaemonError } from "../../protocol/client/errors.js";
import type { DaemonReply } from "../../protocol/routes.js";

/** What it says of itself, or null where none answers. A refusal (another version) is thrown. */
export async function answering(client: Client, signal?: AbortSignal): Promise<DaemonReply | null> {
  try {
    return await client.daemon(signal);
  } catch (error) {
    if (error instanceof NoDaemonError || error instanceof ConnectionLostError) return null;
    throw error;
  }
}
