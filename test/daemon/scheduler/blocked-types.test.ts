/** Operations whose type does not load wait; those whose type is being loaded are not told so. */
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import type { ResolvedType, Unresolved } from "../../../daemon/loader/messages.js";
import { BlockedTypes } from "../../../daemon/scheduler/holds/blocked-types.js";
import { candidateOf } from "../../../daemon/scheduler/start.js";
import type { Entry, KeptEvent } from "../../../daemon/store/decision.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("a type that is being loaded blocks its operations without a word, and fails none", async () => {
  const record = { id: "a", op: "slow", state: "queued", createdAt: new Date().toISOString() };
  const entry = { record, version: 1, events: [] } as unknown as Entry;
  let answer: ResolvedType | Unresolved = { reason: "slow.mjs is still being loaded", isLoading: true };
  const asked = Promise.withResolvers<void>();
  const loader = {
    version: 0,
    async resolve() {
      if (blocked.holds(entry)) asked.resolve();
      return answer;
    },
  };
  const again = vi.fn();
  const reject = vi.fn();
  const warn = vi.fn();
  const blocked: BlockedTypes = new BlockedTypes({
    bus: new Bus(),
    store: { ledger: { entries: new Map([["a", entry]]) } },
    lifecycle: { reject },
    waiting: { again, takeOut() {}, heldBy: () => [entry] },
    log: { warn, info() {}, error: warn },
    file: join(directory(), "blocked.json"),
    longest: 1,
    loader,
  } as never);
  const start = () => candidateOf(entry, { loader, blockedTypes: blocked } as never);
  expect(await start()).toBeNull();
  await asked.promise;
  expect({ held: blocked.holds(entry), why: blocked.why(entry), list: blocked.list() }).toEqual({
    held: true,
    why: null,
    list: [],
  });
  answer = {
    file: "/ops/slow.mjs",
    policy: { resumable: false, timeout: null, gracePeriod: 10, retry: null },
  };
  await vi.waitFor(() => expect(again).toHaveBeenCalledWith(["a"]), 60_000);
  expect(blocked.holds(entry)).toBe(false);

  answer = { reason: "slow.mjs does not load" };
  expect(await start()).toBeNull();
  expect(blocked.why(entry)).toMatchObject({ reason: "slow.mjs does not load" });
  await vi.waitFor(() => expect(reject).toHaveBeenCalled(), 60_000);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(blocked.isOverdue(entry)).toBe(true);
  // A retry starts a new wait.
  entry.events.push({ type: "operation:retried", at: new Date().toISOString() } as KeptEvent);
  expect(blocked.isOverdue(entry)).toBe(false);
  blocked.stop();
});
