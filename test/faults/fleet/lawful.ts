/**
 * Counts what a fault of the fleet left, lost or doubled for the table, and fails on every
 * violation of a law.
 */
import { expect } from "vitest";
import { type History, type Violation, violations } from "../../features/fleet/checker.js";
import { record } from "../tally.js";

const LOSSES = new Set<Violation["law"]>(["nothing lost", "logs are whole", "chains are whole"]);

/** Violations of one law that a failure shows. */
const SHOWN = 12;

/** @param injected - how many faults the history went through */
export function expectLawful(fault: string, injected: number, history: History): void {
  const found = violations(history);
  const bad = new Set(found.map(({ id }) => id));
  const count = (isLoss: boolean) =>
    new Set(found.filter(({ law }) => LOSSES.has(law) === isLoss).map(({ id }) => id)).size;
  const [operations] = history.told.values();
  expect(operations?.length, "operations that the hosts know").toBeGreaterThan(0);
  record(
    {
      fault,
      injected,
      survived: (operations ?? []).filter(({ id }) => !bad.has(id)).length,
      lost: count(true),
      duplicated: count(false),
    },
    [...Map.groupBy(found, ({ law }) => law)].flatMap(([law, broken]) =>
      broken.slice(0, SHOWN).map(({ id, detail }) => `${law} (${broken.length}): ${id}: ${detail}`),
    ),
  );
}
