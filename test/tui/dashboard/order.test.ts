/** The kept order of the list: after any changes it is that of a list that was made anew. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { EMPTY_VIEW, type WatchLine } from "../../../protocol/watch.js";
import { reordered } from "../../../tui/dashboard/core/list/order.js";
import { addFetched, applyLines } from "../../../tui/dashboard/core/list/watched.js";
import { patched, type State } from "../../../tui/dashboard/core/model.js";
import { cases } from "../../faults/mode.js";
import { initial } from "./core.js";
import { ago, operation } from "./operations.js";

const cursor = "1";
/** Of twelve operations in five chains, two queues and three names. */
const record = (n: number, over: Partial<Operation> = {}): Operation => {
  const chain = { id: `chain${n % 5}`, index: Math.floor(n / 5), previous: null, next: null };
  return operation({
    id: `operation${n}`,
    chain,
    title: `name ${n % 3}`,
    createdAt: ago(n % 4),
    ...over,
  });
};

const change: fc.Arbitrary<Partial<Operation>> = fc.oneof(
  fc
    .record({ place: fc.option(fc.integer({ min: 1, max: 9 })), queue: fc.constantFrom("a", "b") })
    .map(({ place, queue }) => ({
      state: "queued" as const,
      queuePosition: place,
      queue,
      startedAt: null,
    })),
  fc.nat(9).map((at) => ({ state: "running" as const, startedAt: ago(at), finishedAt: null })),
  fc.nat(9).map((at) => ({ state: "failed" as const, finishedAt: ago(at), queuePosition: null })),
  fc.record({ title: fc.constantFrom("name 0", "other"), percent: fc.nat(100) }),
);
const which = fc.nat(11);
const step = fc.oneof(
  fc.tuple(which, change).map(([n, over]): WatchLine => {
    const patch = record(n, over);
    return { type: "changed", cursor, id: patch.id, patch };
  }),
  fc
    .tuple(which, change)
    .map(([n, patch]): WatchLine => ({ type: "changed", cursor, id: record(n).id, patch })),
  which.map((n): WatchLine => ({ type: "removed", cursor, id: record(n).id })),
  fc
    .array(which, { maxLength: 6 })
    .map((all): WatchLine => ({ type: "moved", queue: "a", ids: all.map((n) => record(n).id) })),
  fc.tuple(which, change).map(([n, over]) => record(n, { ...over, seq: 99 })),
);

const isLine = (it: WatchLine | Operation): it is WatchLine => "type" in it;

test("after any lines and records it is that of a list made anew", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 20 }),
      fc.boolean(),
      (bursts, unfold) => {
        const list = { unfold, wholeQueue: true };
        let state: State = patched({ ...initial(), view: EMPTY_VIEW }, "list", list);
        for (const burst of bursts) {
          state = applyLines(state, burst.filter(isLine));
          const records = burst.flatMap((it) => (isLine(it) ? [] : [it]));
          state = addFetched(state, records);
          expect(rowsIn(state)).toEqual(rowsIn(reordered(state)));
        }
      },
    ),
    { numRuns: cases(500) },
  );
});

const rowsIn = ({ list: { order, folds, finished } }: State) => ({ order, folds, finished });

test("queued operations that the stream does not bring move with the last one that a line moves", () => {
  const queued = (n: number) => record(n, { state: "queued", queuePosition: n + 1, queue: "a" });
  const other = record(11, { state: "queued", queuePosition: 9, queue: "b" });
  const changed = [0, 1, 2].map((n): WatchLine => {
    const patch = queued(n);
    return { type: "changed", cursor, id: patch.id, patch };
  });
  const state = addFetched(applyLines(initial(), changed), [queued(3), queued(4), other]);
  const started = applyLines(state, [
    { type: "changed", cursor, id: record(0).id, patch: { state: "running", queuePosition: null } },
    { type: "changed", cursor, id: record(3).id, patch: queued(3) },
    { type: "moved", queue: "a", ids: [1, 2, 3].map((n) => record(n).id) },
  ]);
  const placeOf = (n: number) => {
    const { id } = record(n);
    return (started.view.operations.get(id) ?? started.fetched.get(id))?.queuePosition;
  };
  expect([1, 2, 3, 4, 11].map(placeOf)).toEqual([1, 2, 3, 4, 9]);
});
