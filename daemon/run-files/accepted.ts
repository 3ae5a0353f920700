/**
 * The first fact of an attempt, `attempt:accepted`, and what it keeps of the operation: the entry as the daemon held
 * it at the start. With it the run files alone tell whose they are, should every other record of it be lost.
 *
 * The parameters may be large and stand in the entry twice; they travel and are kept once.
 */
import type { Entry } from "../store/decision.js";
import { eventsFile } from "./names.js";
import { parseSummed } from "./summed-line.js";
import { Tail } from "./tail.js";

/** Bytes of a run file looked at in a go. */
const PIECE = 64 * 1024;

/** For the worker's order, which holds the parameters itself. */
export function withoutParams(entry: Entry): Entry {
  return { ...exchanged(entry, {}), record: { ...entry.record, params: {} } };
}

/** What the worker writes down. */
export function withParams(entry: Entry, params: Record<string, unknown>): Entry {
  return { ...entry, record: { ...entry.record, params } };
}

/** The entry of an attempt that was accepted; null where it was not, or that cannot be read. */
export function readAccepted(attemptDir: string): Entry | null {
  let entry: Entry | null = null;
  const look = (line: string) => {
    if (entry !== null || !line.includes('"attempt:accepted"')) return;
    const fact = parseSummed<{ type: string; entry?: Entry }>(line);
    if (fact?.type === "attempt:accepted" && fact.entry)
      entry = exchanged(fact.entry, fact.entry.record.params);
  };
  const tail = new Tail(eventsFile(attemptDir));
  try {
    while (entry === null && tail.read(look, PIECE));
  } finally {
    tail.close();
  }
  return entry;
}

function exchanged(entry: Entry, params: Record<string, unknown>): Entry {
  const facts = entry.facts.map((fact) =>
    fact.type === "operation:submitted" ? { ...fact, operation: { ...fact.operation, params } } : fact,
  );
  return { ...entry, facts };
}
