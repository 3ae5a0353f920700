/** Entries in a form in which those of two stores can be compared. */
import { expect } from "vitest";
import type { Entry } from "../../daemon/store/decision.js";
import { isFinal } from "../../protocol/state.js";
import type { Opened } from "./implementations.js";

/** Numbers that are measured, or given by what keeps the state. */
const OWN = new Set([
  "order",
  "startedUptime",
  "pausedUptime",
  "seconds",
  "session",
  "fence",
  "bytes",
]);

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The entry without times, and without what an implementation is free to choose. */
function shown(entry: Entry): unknown {
  return JSON.parse(
    JSON.stringify(entry, (key, value) => {
      if (OWN.has(key)) return undefined;
      return typeof value === "string" && TIME.test(value) ? "a time" : value;
    }),
  );
}

/** All operations with their entries, newest first, and the counts. */
export async function stateOf(opened: Opened): Promise<unknown> {
  const entries = await opened.all();
  return {
    entries: entries.map(shown),
    counts: opened.store.counts(),
    n: opened.store.journalNumber,
  };
}

/** The live operations in memory, exactly, in the order of the queue. */
export function liveOf({ store }: Opened): Entry[] {
  return [...store.ledger.entries.values()]
    .filter(({ record }) => !isFinal(record.state))
    .sort((a, b) => a.queuedAt - b.queuedAt || a.order - b.order);
}

/** The ledgers of two stores on one state hold the same live operations, and both count alike. */
export async function expectSame(a: Opened, b: Opened): Promise<void> {
  await Promise.all([a.caughtUp(), b.caughtUp()]);
  expect(liveOf(b)).toEqual(liveOf(a));
  expect(await b.all()).toEqual(await a.all());
  expect(b.store.counts()).toEqual(a.store.counts());
  expect(b.store.queuedBytes).toBe(a.store.queuedBytes);
  expect(b.store.journalNumber).toBe(a.store.journalNumber);
}
