/**
 * The operation that somebody asks about who names none: the newest that failed, else the newest
 * that waits.
 */
import type { Client } from "../../protocol/client/client.js";
import { NotFoundError } from "../../protocol/failures.js";

/** @throws NotFoundError where none failed and none waits */
export async function newestToExplain(
  client: Pick<Client, "list">,
  signal?: AbortSignal,
): Promise<string> {
  for (const state of ["failed", "queued"] as const) {
    const [newest] = (await client.list({ state: [state], parent: "none", limit: 1 }, signal))
      .operations;
    if (newest !== undefined) return newest.id;
  }
  throw new NotFoundError(
    "no operation failed, and none waits; give the id of another one: liveops ls lists them",
  );
}
