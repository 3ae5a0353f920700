/** What daemon and loader say to each other over IPC. */

import type { LoadedFile } from "../../ops/api/type-files.js";
import type { Problem } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/fact.js";
import type { TypesReply } from "../../protocol/routes.js";
import type { Policy } from "../store/decision.js";

export interface LoaderSetup {
  dirs: string[];
  /** Files that hung or ended an earlier loader: reported, not loaded. */
  skip: SkippedFile[];
}

export interface SkippedFile {
  file: string;
  message: string;
}

export type ToLoader = { call: number } & ({ type: "types" } | { type: "prepare"; asks: PrepareAsk[] });

/** What was asked to be submitted, and what of the submission the daemon knows itself. */
export interface PrepareAsk {
  op: string;
  input: PrepareInput;
  rest: Pick<Submission, "id" | "label" | "cwd" | "chain" | "limits">;
}

export interface PrepareInput {
  params?: Record<string, unknown>;
  set?: string[];
}

export type FromLoader =
  /** Told before each file: should it hang, this is the one. */
  | { type: "loading"; file: string }
  | { type: "loaded"; types: TypesReply; files: LoadedFile[]; late: string[] }
  | { call: number; type: "types"; types: TypesReply }
  | { call: number; type: "prepared"; submissions: Submission[] }
  /** `index`: of the first ask that is refused; nothing was made of any. */
  | { call: number; type: "refused"; index: number; problem: Problem };

/** There is no such type now. */
export interface Unresolved {
  reason: string;
}

/** Where a type's code is, and how it wants to be run. */
export interface ResolvedType {
  file: string;
  policy: Policy;
}
