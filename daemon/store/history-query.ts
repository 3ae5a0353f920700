import type { Operation } from "../../protocol/operation.js";
import type { State } from "../../protocol/state.js";

/** Which operations a list has. */
export interface HistoryQuery {
  state?: readonly State[] | undefined;
  op?: string | undefined;
  historyKey?: string | undefined;
  chain?: string | undefined;
  /**
   * Id of the operation inside of which they run. `none`: they run inside of no other one; `any`:
   * of any; `gone`: of one that may have been removed.
   */
  parent?: string | undefined;
  session?: string | undefined;
  /** Directory in which, or below which, they were submitted. */
  here?: string | undefined;
  /** Text in id, type, title or label. */
  q?: string | undefined;
  /** Order of submission of the list. Default: newest first. */
  order?: "newest" | "oldest" | undefined;
  /** Only operations that come after this place, in the order of the list. */
  before?: number | undefined;
  /** Only operations finished by a later decision than this one of the journal. */
  finishedAfter?: number | undefined;
  /** Only operations that finished at this time or later, in ms since 1970. */
  finishedSince?: number | undefined;
}

/** The keys of a query whose values are those of the record, in columns of these names. */
export const EQUAL = ["op", "historyKey", "session"] as const satisfies Array<
  keyof HistoryQuery & keyof Operation
>;

/** `history_key` of `historyKey`. */
export function columnOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
