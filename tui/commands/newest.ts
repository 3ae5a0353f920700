/** Which operation a command without an id means: the newest. */
import type { Client } from "../../protocol/client/client.js";
import { NotFoundError } from "../../protocol/command/failures.js";
import type { Operation } from "../../protocol/operation.js";

/** @throws NotFoundError where there is none yet. */
export async function namedOrNewest(client: Client, id: string | undefined): Promise<Operation> {
  if (id !== undefined) return client.show(id);
  const [newest] = (await client.list({ limit: 1 })).operations;
  if (newest) return newest;
  throw new NotFoundError("there are no operations yet; submit one, or see what there is: liveops ops");
}
