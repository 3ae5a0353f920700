/** The history of numbers in memory: what it is read from, and which runs count. */
import { expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { OddNumbers } from "../../../daemon/features/odd/odd-numbers.js";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import type { HistoryQuery } from "../../../daemon/store/history-query.js";
import type { Operation } from "../../../protocol/operation.js";
import { Story } from "../../harness/records.js";

const BARE = new Story().started().record();

function record(n: number, result: unknown, over: Partial<Operation> = {}): Operation {
  const startedAt = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
  return { ...BARE, id: `id${n}`, op: "dump", state: "succeeded", startedAt, result, ...over };
}

function open(earlier: readonly Operation[]) {
  const bus = new Bus();
  const asked: HistoryQuery[] = [];
  const list = (query: HistoryQuery, limit: number) => {
    asked.push(query);
    return earlier
      .toReversed()
      .slice(0, limit)
      .map((each) => ({ record: each }) as Entry);
  };
  const odd = new OddNumbers({ list }, bus);
  const of = (it: Operation) =>
    odd.of({ record: { ...it, state: "running", result: null } }, it.result);
  const decide = (before: Operation | null, after: Operation | null) =>
    bus.emit("decided", [{ id: (after ?? before)!.id, before, after }], {} as Decision, true);
  const finish = (it: Operation) => decide({ ...it, state: "running" }, it);
  return { of, finish, remove: (it: Operation) => decide(it, null), asked };
}

const five = [100, 101, 102, 103, 104].map((size, n) => record(n, { size }));

test("the archive is read once for a type and history key, and successes that follow are added", async () => {
  const { of, finish, asked } = open(five.slice(0, 4));
  expect(await of(record(8, null))).toEqual([]);
  expect(asked).toEqual([]);
  expect(await of(record(9, { size: 1 }))).toEqual([]);
  finish(five[4]!);
  finish(five[4]!);
  const [odd] = await of(record(9, { size: 1 }));
  expect(odd).toEqual({ name: "size", value: 1, low: 100, high: 104, runs: 5 });
  expect(asked).toEqual([{ op: "dump", historyKey: undefined, state: ["succeeded"] }]);
  await of(record(10, { size: 1 }, { historyKey: "b" }));
  expect(asked.at(-1)).toEqual({ op: "dump", historyKey: "b", state: ["succeeded"] });
});

test("a removed run does not count any more", async () => {
  const { of, remove } = open(five);
  expect(await of(record(9, { size: 1 }))).toHaveLength(1);
  remove(five[2]!);
  expect(await of(record(9, { size: 1 }))).toEqual([]);
});

test("where there are enough runs with the same parameters, only they count", async () => {
  const small = [1, 1, 1, 1, 1, 1].map((size, n) =>
    record(20 + n, { size }, { params: { only: "small" } }),
  );
  const { of } = open([...five, ...small]);
  expect(await of(record(30, { size: 100 }, { params: { only: "small" } }))).toHaveLength(1);
  expect(await of(record(30, { size: 900 }, { params: { only: "other" } }))).toEqual([]);
});

test("a run with other parameters is not odd, but where each run has others", async () => {
  const dated = five.map((each, n) => ({ ...each, params: { date: n } }));
  expect(await open(dated).of(record(9, { size: 1 }, { params: { date: 9 } }))).toHaveLength(1);
  const alike = five.map((each) => ({ ...each, params: { seconds: 60 } }));
  expect(await open(alike).of(record(9, { size: 1 }, { params: { seconds: 120 } }))).toEqual([]);
});
