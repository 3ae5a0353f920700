/** What the `Why` of an operation is made of. */

import type { Operation } from "../../../protocol/operation.js";
import type { Why } from "../../../protocol/why.js";
import type { Loader } from "../../loader/loader.js";
import type { Runs } from "../../run-files/runs.js";
import type { Durations } from "../../scheduler/durations.js";
import type { Store } from "../../store/store.js";

/** Earlier runs without which nothing is called usual. */
export const RUNS_LEAST = 2;

export interface WhyParts {
  store: Pick<Store, "archive" | "find" | "secrets">;
  runs: Pick<Runs, "of">;
  durations: Pick<Durations, "usual">;
  loader: Pick<Loader, "defaultsOf" | "fileOf" | "known" | "loadedFile" | "outputsOf">;
  /** The clock of the store, in ms since 1970. */
  now(): number;
}

/** All keys, with nothing known. */
export function headOf({ id, op, title, state, attempt, odd }: Operation, at: number): Why {
  return {
    id,
    op,
    title,
    state,
    attempt,
    at: new Date(at).toISOString(),
    summary: "",
    failure: null,
    since: null,
    changes: [],
    machine: null,
    waits: [],
    left: [],
    ran: [],
    savedSeconds: null,
    next: [],
    notes: [],
    odd,
  };
}
