/** Which operations `ls` shows: exactly the newest N where a limit is given, else all live ones and the newest 20. */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal, type State } from "../../../protocol/state.js";

export const DEFAULT_LIMIT = 20;
/** Largest page the daemon gives. */
const PAGE = 1000;

export interface ListWish {
  state?: State[] | undefined;
  op?: string | undefined;
  limit?: number | undefined;
}

/** Newest first; `total` counts all that the filters leave. */
export async function listed(
  client: Client,
  { state, op, limit }: ListWish,
): Promise<{ operations: Operation[]; total: number }> {
  const newest = await pages(client, { state, op }, limit ?? DEFAULT_LIMIT);
  if (limit !== undefined || newest.operations.length < DEFAULT_LIMIT) return newest;
  const live = (state ?? (["queued", "running"] as State[])).filter((it) => !isFinal(it));
  if (live.length === 0) return newest;
  const older = await pages(client, { state: live, op }, Number.POSITIVE_INFINITY);
  const known = new Set(newest.operations.map((it) => it.id));
  return {
    operations: [...newest.operations, ...older.operations.filter((it) => !known.has(it.id))],
    total: newest.total,
  };
}

async function pages(
  client: Client,
  filter: Omit<ListWish, "limit">,
  wanted: number,
): Promise<{ operations: Operation[]; total: number }> {
  const operations: Operation[] = [];
  let before: string | undefined;
  for (;;) {
    const limit = Math.min(PAGE, wanted - operations.length);
    const page = await client.list({ ...filter, limit, ...(before !== undefined && { before }) });
    operations.push(...page.operations);
    if (page.next === null || page.operations.length === 0 || operations.length >= wanted) {
      return { operations, total: page.total };
    }
    before = page.next;
  }
}
