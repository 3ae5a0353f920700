/**
 * Pages of several lists as those of one list: the operations of all hosts by the time of their submit. What a host
 * sent beyond the end of a page waits for the next one, so that no page skips an operation of a slower list. Pure.
 */
import type { Operation } from "../../../../protocol/operation.js";
import type { OperationPage } from "../../../../protocol/replies.js";

/** How far the list of a host was read. */
export interface Place {
  /** Where the host's next page begins; null: at its first page, or nowhere where `isDone`. */
  readonly next: string | null;
  readonly isDone: boolean;
  /** Read, and not on a page yet. */
  readonly waiting: readonly Operation[];
  readonly total: number;
}

export const AT_FIRST: Place = { next: null, isDone: false, waiting: [], total: 0 };

/** Whether the host has to be asked before another page can be made. */
export const isHungry = ({ waiting, isDone }: Place, limit: number): boolean =>
  !isDone && waiting.length < limit;

export function withPage(place: Place, page: OperationPage): Place {
  const waiting = [...place.waiting, ...page.operations];
  return { next: page.next, isDone: page.next === null, waiting, total: page.total };
}

/** The next page, and the places behind it. Each place has a page of operations waiting, or all that its host has. */
export function takePage(
  places: ReadonlyMap<string, Place>,
  limit: number,
  order: "newest" | "oldest",
): { operations: Operation[]; places: ReadonlyMap<string, Place> } {
  const way = order === "oldest" ? 1 : -1;
  const heads = new Map([...places].map(([host, { waiting }]) => [host, { waiting, at: 0 }]));
  const operations: Operation[] = [];
  while (operations.length < limit) {
    let best: { waiting: readonly Operation[]; at: number } | null = null;
    for (const head of heads.values()) {
      const [here, there] = [head.waiting[head.at], best?.waiting[best.at]];
      if (here === undefined) continue;
      if (there === undefined || (here.createdAt < there.createdAt ? -1 : 1) * way < 0) best = head;
    }
    if (best === null) break;
    operations.push(best.waiting[best.at++]!);
  }
  const rest = [...places].map(([host, place]): [string, Place] => [
    host,
    { ...place, waiting: place.waiting.slice(heads.get(host)!.at) },
  ]);
  return { operations, places: new Map(rest) };
}

export const hasMore = (places: Iterable<Place>): boolean =>
  [...places].some(({ isDone, waiting }) => !isDone || waiting.length > 0);
