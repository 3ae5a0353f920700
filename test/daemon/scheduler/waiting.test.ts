/**
 * The waiting operations and their holds: a new reason to wait needs a hold in the list, and
 * nothing else.
 */
import { expect, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { Hold, HoldOf } from "../../../daemon/scheduler/holds/hold.js";
import { Queue } from "../../../daemon/scheduler/queue.js";
import { Waiting } from "../../../daemon/scheduler/waiting.js";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import type { Change } from "../../../daemon/store/ledger.js";
import type { Operation } from "../../../protocol/operation.js";
import { AT, Story } from "../../harness/records.js";

class Approval extends Hold {
  readonly missing = new Set<string>();
  readonly forgotten: string[] = [];

  why({ record }: Entry) {
    return this.missing.has(record.id) ? { reason: "nobody has approved it", since: AT } : null;
  }

  override holds({ record }: Entry) {
    return this.missing.has(record.id);
  }

  override forget({ id }: Operation) {
    this.forgotten.push(id);
  }
}

function world(isWatched = false) {
  const bus = new Bus();
  const entries = new Map<string, Entry>();
  const queue = new Queue();
  const shown: string[] = [];
  bus.on("shown", ({ id }, ...keys) => void shown.push(...keys.map((key) => `${id} ${key}`)));
  const waiting = new Waiting({
    bus,
    queue,
    entry: (id) => entries.get(id) ?? null,
    onReady: () => {},
    isWatched: () => isWatched,
  });
  const approval = new Approval();
  const rest = new HoldOf(() => ({ reason: "the daemon rests", since: AT }));
  waiting.use([approval, rest]);
  const submit = (id: string, isApproved: boolean) => {
    const record = { ...new Story({ id }).record(), state: "queued" } as Operation;
    entries.set(id, { record, queuedAt: entries.size } as unknown as Entry);
    if (!isApproved) approval.missing.add(id);
    waiting.add([entries.get(id)!]);
  };
  /** A decision changes the operation. */
  const change = (id: string, changes: Partial<Operation>) => {
    const entry = entries.get(id)!;
    const before = entry.record;
    entry.record = { ...before, ...changes };
    bus.emit("decided", [{ id, before, after: entry.record } as Change], {} as Decision, true);
  };
  return { bus, queue, waiting, approval, rest, entries, shown, submit, change };
}

test("a held operation takes no turn, and joins at its place when the hold ends", () => {
  const { queue, waiting, approval, entries, shown, submit } = world();
  submit("first", false);
  submit("second", true);
  expect(queue.first(9)).toEqual(["second"]);
  expect(waiting.length).toBe(2);
  expect(waiting.heldBy(approval).map(({ record }) => record.id)).toEqual(["first"]);
  expect(waiting.why(entries.get("first")!)?.reason).toBe("nobody has approved it");
  // A hold that only tells why leaves the operation in its queue.
  expect(waiting.why(entries.get("second")!)?.reason).toBe("the daemon rests");

  approval.missing.clear();
  waiting.again(["first", "second", "unknown"]);
  expect(queue.first(9)).toEqual(["first", "second"]);
  expect(waiting.length).toBe(2);
  expect(shown).toContain("first blocked");
  expect(shown.some((key) => key.startsWith("second"))).toBe(false);
});

test("a start tells watchers at once that the queue moved, what follows within half a second together, and no record", () => {
  vi.useFakeTimers();
  try {
    const { bus, queue, shown, submit, change } = world(true);
    let moves = 0;
    bus.on("moved", () => moves++);
    for (const id of ["a", "b", "c"]) submit(id, true);
    queue.take();
    change("a", { state: "running" });
    expect(moves).toBe(1);
    change("b", { priority: 1 });
    change("c", { priority: 2 });
    expect(moves).toBe(1);
    vi.advanceTimersByTime(2000);
    expect([moves, shown]).toEqual([2, []]);
  } finally {
    vi.useRealTimers();
  }
});

test("a hold takes operations out of their queues, and returned ones are asked about again", () => {
  const { queue, waiting, approval, entries, submit } = world();
  for (const id of ["a", "b", "c"]) submit(id, true);
  approval.missing.add("a").add("b");
  waiting.takeOut(({ record }) => record.id !== "c");
  expect(queue.first(9)).toEqual(["c"]);
  expect(waiting.heldBy(approval)).toHaveLength(2);
  // It left the queue to start, and could not.
  approval.missing.add("c");
  queue.take();
  waiting.returned(entries.get("c")!);
  expect(queue.length).toBe(0);
  expect(waiting.length).toBe(3);
});

test("an edit asks again, and the holds forget what is no longer queued", () => {
  const { queue, waiting, approval, submit, change } = world();
  submit("a", false);
  submit("b", true);
  approval.missing.delete("a");
  change("a", { priority: -1 });
  expect(queue.first(9)).toEqual(["b", "a"]);
  approval.missing.add("b");
  change("b", { state: "running" });
  expect(queue.first(9)).toEqual(["a"]);
  change("a", { state: "cancelled" });
  expect(waiting.length).toBe(0);
  expect(approval.forgotten).toEqual(expect.arrayContaining(["a", "b"]));
});
