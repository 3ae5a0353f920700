/** What daemon and loader say to each other over IPC. */
import type { LoadErrors } from "../../ops/runner/load-files.js";
import type { LoadedFile } from "../../ops/runner/type-files.js";
import type { Problem } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/event.js";
import type { OperationType } from "../../protocol/replies.js";
import type { Policy } from "../store/decision.js";

export interface LoaderSetup {
  /** In the order in which they are to be loaded. */
  files: string[];
}

/** What a file holds. */
export interface FileResult {
  file: string;
  types: Array<{ type: OperationType; classId: number }>;
  errors: LoadErrors;
  /** The file, and the author's files that it imports. */
  sources: LoadedFile[];
  /** Its top level did not finish in time. */
  isLate: boolean;
}

export type ToLoader = { call: number; type: "prepare"; asks: LocatedAsk[] };

/** What was asked to be submitted, and what of the submission the daemon knows itself. */
export interface PrepareAsk {
  op: string;
  input: PrepareInput;
  rest: Pick<Submission, "id" | "label" | "cwd" | "chain" | "limits">;
}

/** The same, with the file that holds the type. */
export interface LocatedAsk extends PrepareAsk {
  file: string;
}

export interface PrepareInput {
  params?: Record<string, unknown>;
  set?: string[];
}

export type FromLoader =
  /** Told again and again while it is at work: without it, its event loop is held up. */
  | { type: "alive" }
  /** Told before each file: should it hang, this is the one. */
  | { type: "loading"; file: string }
  | { type: "file"; result: FileResult }
  /** Of parameters, while files are still being loaded. */
  | { type: "answering"; file: string }
  /** All files are done; `faults`: errors that were thrown where nobody could catch them. */
  | { type: "loaded"; faults: LoadErrors }
  | { call: number; type: "prepared"; submissions: Submission[] }
  /** `index`: of the first ask that is refused; nothing was made of any. */
  | { call: number; type: "refused"; index: number; problem: Problem };

/** Where a type's code is, and how it wants to be run. */
export interface ResolvedType {
  file: string;
  policy: Policy;
}

/** There is no such type now. */
export interface Unresolved {
  reason: string;
}
