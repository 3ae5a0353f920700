/** The queued operations, in their queues and outside. */
import { expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { TypeLimits } from "../../../daemon/scheduler/holds/type-limits.js";
import { Queue } from "../../../daemon/scheduler/queue.js";
import { Waiting } from "../../../daemon/scheduler/waiting.js";
import type { Entry } from "../../../daemon/store/decision.js";

test("a type whose waiting operations are gone is released once", () => {
  const [runs, waits] = ["runs", "waits"].map(
    (id) => ({ record: { id, op: "single", queue: "default", state: "queued" }, queuedAt: 1 }) as Entry,
  );
  const known = new Map([runs!, waits!].map((entry) => [entry.record.id, entry]));
  const bus = new Bus();
  const waiting = new Waiting({
    bus,
    queue: new Queue(),
    entry: (id) => known.get(id) ?? null,
    // As the starter: what is ready may make room for more.
    onReady: () => limits.release(),
    isWatched: () => false,
  });
  const limits: TypeLimits = new TypeLimits({
    entry: (id) => known.get(id),
    waiting,
    running: () => [],
    loader: { resolve: () => Promise.reject(new Error("no loader")) },
  });
  waiting.use([limits]);
  expect(limits.reserve(runs!, 1)).toBe(true);
  expect(limits.reserve(waits!, 1)).toBe(false);
  waiting.returned(waits!);
  expect(waiting.heldBy(limits)).toEqual([waits]);
  limits.forget(waits!.record);
  known.delete("waits");
  limits.started("runs");
  limits.release();
  expect(limits.why(waits!)).toBe(null);
});
