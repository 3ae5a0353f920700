/**
 * Exchanges: one at a time, with all that gathers meanwhile. And the journal that they bring to the
 * tail.
 */
import { expect, test } from "vitest";
import type {
  AppendItem,
  DecisionRow,
  Exchange,
  Exchanged,
} from "../../../../daemon/features/fleet/engine/rows.js";
import { Exchanges } from "../../../../daemon/features/fleet/store/exchanges.js";
import { Tail } from "../../../../daemon/features/fleet/store/tail.js";
import type { Decision } from "../../../../daemon/store/decision.js";
import { until } from "../../../end-to-end/until.js";

type Sent = Omit<Exchange, "after">;

const HEAD = { head: 0, epoch: 1, settings: 0, types: 0 };

/** Exchanges whose calls the test answers. */
function setUp() {
  const calls: Array<{ sent: Sent; answer: PromiseWithResolvers<Exchanged> }> = [];
  const exchanges = new Exchanges((sent) => {
    const answer = Promise.withResolvers<Exchanged>();
    calls.push({ sent, answer });
    return answer.promise;
  });
  const answer = (n: number, more: Partial<Exchanged> = {}) => {
    const call = calls.at(-1)!;
    const verdicts = call.sent.groups.map(() => ({ n }));
    call.answer.resolve({ ...HEAD, rows: [], claims: [], verdicts, ...more });
  };
  return { exchanges, calls, answer };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));
const items = (size = 0) => [{ pieces: [{ body: Buffer.alloc(size) }] }] as unknown as AppendItem[];
const request = { candidates: [], workers: [], token: "t" };

test("what gathers while a call is under way shares the next one", async () => {
  const { exchanges, calls, answer } = setUp();
  const first = exchanges.append(items());
  const second = exchanges.append(items());
  await turn();
  const third = exchanges.append(items());
  const claim = exchanges.claim(request);
  await turn();
  expect(calls.map(({ sent }) => [sent.groups.length, sent.claim])).toEqual([[2, null]]);
  answer(2);
  expect(await Promise.all([first, second])).toEqual([2, 2]);
  await until("the next call", () => calls.length === 2);
  expect(calls.map(({ sent }) => [sent.groups.length, sent.claim])).toEqual([
    [2, null],
    [1, request],
  ]);
  answer(3);
  expect(await third).toBe(3);
  expect(await claim).toEqual([]);
});

test("a call that fails is an error for all that it had, and the next one goes on", async () => {
  const { exchanges, calls, answer } = setUp();
  const both = Promise.allSettled([exchanges.append(items()), exchanges.claim(request)]);
  await turn();
  calls[0]!.answer.reject(new Error("away"));
  expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const next = exchanges.append(items());
  await until("the next call", () => calls.length === 2);
  answer(1);
  expect(await next).toBe(1);
});

test("a call has at most about 1 MiB of lines", async () => {
  const { exchanges, calls } = setUp();
  for (let n = 0; n < 5; n++) void exchanges.append(items(400 * 1024));
  await turn();
  expect(calls[0]!.sent.groups).toHaveLength(3);
});

/** A tail over a journal that the test fills, with the numbers of the decisions that it applied. */
function tailOf() {
  const applied: number[] = [];
  const journal: DecisionRow[] = [];
  let reads = 0;
  const add = () => {
    const n = journal.length + 1;
    const decision = {} as Decision;
    journal.push({ n, id: "x", decision, derived: false, origin: "b" });
    return n;
  };
  const after = (n: number) => ({ ...HEAD, head: journal.length, rows: journal.slice(n) });
  const tail = new Tail({
    engine: {
      decisionsAfter: async (n) => {
        reads++;
        return after(n);
      },
    },
    from: 0,
    apply: ({ n }) => void applied.push(n),
    onHead: () => {},
    onError: () => {},
    onLostWrites: async () => {},
    isReloading: () => false,
  });
  return { tail, applied, add, after, reads: () => reads };
}

test("the tail applies what an exchange brings, once and in order, and does not read it again", async () => {
  const { tail, applied, add, after, reads } = tailOf();
  add();
  tail.start();
  await tail.until(1);
  await turn();
  const before = reads();
  const n = await tail.exchange(async (from) => {
    add();
    const own = add();
    // The hint of the decision comes before the answer.
    tail.hear(own);
    return after(from);
  });
  await tail.until(3);
  // An answer that comes late brings what is applied.
  await tail.exchange(async () => after(0));
  await turn();
  expect(n.rows.map((row) => row.n)).toEqual([2, 3]);
  expect(applied).toEqual([1, 2, 3]);
  expect(reads()).toBe(before);
  await tail.stop();
});

test("the tail reads what an exchange did not bring", async () => {
  const { tail, applied, add, after } = tailOf();
  tail.start();
  await turn();
  await tail.exchange(async (from) => {
    const answer = after(from);
    tail.hear(add());
    return answer;
  });
  await tail.until(1);
  expect(applied).toEqual([1]);
  await tail.stop();
});

test("what an exchange brings is dropped where the state was loaded anew meanwhile", async () => {
  const { tail, applied, add, after } = tailOf();
  await tail.exchange(async (from) => {
    add();
    await tail.reset(async () => 7);
    return after(from);
  });
  await turn();
  expect([applied, tail.applied]).toEqual([[], 7]);
});
