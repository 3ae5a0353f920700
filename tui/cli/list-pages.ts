/** Reads lists of operations over the pages of the daemon. */
import type { Client } from "../../protocol/client/client.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal, STATES, type State } from "../../protocol/state.js";
import type { WatchLine } from "../../protocol/watch.js";

/** Largest page that the daemon returns. */
const PAGE = 1000;

export const LIVE_STATES: State[] = STATES.filter((state) => !isFinal(state));
export const FINISHED_STATES: State[] = STATES.filter(isFinal);

interface PageFilter {
  state?: State[] | undefined;
  op?: string | undefined;
  parent?: string | undefined;
  chain?: string | undefined;
  session?: string | undefined;
  here?: string | undefined;
}

/** Newest first, at most `most`; `total` counts all operations that fit the filter. */
export async function listPages(
  client: Pick<Client, "list">,
  filter: PageFilter,
  most = Number.POSITIVE_INFINITY,
): Promise<{ operations: Operation[]; total: number }> {
  const operations: Operation[] = [];
  let before: string | undefined;
  for (;;) {
    const limit = Math.min(PAGE, most - operations.length);
    const page = await client.list({ ...filter, limit, before });
    operations.push(...page.operations);
    if (page.next === null || page.operations.length === 0 || operations.length >= most) {
      return { operations, total: page.total };
    }
    before = page.next;
  }
}

type SnapshotLine = Extract<WatchLine, { type: "snapshot" }>;

/** What runs, and the first queued operations, oldest first. */
export async function liveSnapshot(
  client: Pick<Client, "watch">,
  { state = LIVE_STATES, op }: Pick<PageFilter, "state" | "op">,
): Promise<SnapshotLine> {
  const filter = { limit: 0, state, op };
  for await (const line of client.watch(filter)) if (line.type === "snapshot") return line;
  throw new Error("the daemon closed the stream before its first line");
}
