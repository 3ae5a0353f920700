/** The messages between daemon and loader over IPC. The daemon sends the next message after the reply. */
import type { FileTypes } from "../../ops/loading/load-files.js";
import type { LoadedFile } from "../../ops/loading/type-files.js";
import type { Prepared } from "../../ops/types/prepare.js";
import type { Problem } from "../../protocol/errors.js";
import type { KeptText } from "../../protocol/pipeline/kept-text.js";
import type { OperationType } from "../../protocol/replies.js";
import type { Policy } from "../store/decision.js";

export interface LoaderSetup {
  /** Environment variables to remove before a file is loaded. */
  startOnly: string[];
}

export interface LoadedOperationType {
  type: OperationType;
  /** The title of an operation depends on its parameters. */
  hasTitles: boolean;
}

/** What a file holds. */
export interface FileResult extends Omit<FileTypes, "types"> {
  types: LoadedOperationType[];
  /** The file, and the author's files that it imports. */
  sources: LoadedFile[];
}

export type ToLoader =
  | { type: "load"; file: string }
  | { type: "prepare"; asks: LocatedAsk[] }
  | { type: "outputs"; of: KeptText }
  | { type: "defaults"; of: KeptText };

/** Parameters that a type is to read. */
export interface PrepareAsk {
  op: string;
  input: PrepareInput;
  /** A pipeline whose text is kept with the operation: its file need not load. Absent: the type as it loads now. */
  source?: KeptText;
}

/** A `PrepareAsk` with the file that defines the type. */
export interface LocatedAsk extends PrepareAsk {
  file: string;
}

/** The outputs that a stage of a pipeline declares. */
export interface StageOutputs {
  stage: string;
  outputs: readonly string[];
  /** Those of each step of `parallel`; empty: its steps are those of `each`; null: it has no steps. */
  steps: Readonly<Record<string, readonly string[]>> | null;
  /** The possible answers of a stage that asks a person; null: it asks nothing. */
  choices: readonly string[] | null;
  /** All that says what it asks, also in an operation inside of it; null: it asks nothing. */
  asks: string | null;
  /** Its `when` may skip it. */
  isOptional: boolean;
}

export interface PrepareInput {
  params?: Record<string, unknown>;
  set?: string[];
  /** The parameters of the operation that is changed: a default is left out, or written, as it was. */
  before?: Record<string, unknown>;
}

export type LoaderReply =
  | { type: "loaded"; result: FileResult }
  | { type: "prepared"; prepared: Prepared[] }
  | { type: "outputs"; stages: StageOutputs[] }
  | { type: "defaults"; defaults: Record<string, unknown> }
  /** `index`: of the first ask that is refused. */
  | { type: "refused"; index: number; problem: Problem };

export type FromLoader = { type: "ready" } | LoaderReply;

/** The file of a type's code, and the policy for its attempts. */
export interface ResolvedType {
  file: string;
  policy: Policy;
}

/** There is no such type now. */
export interface Unresolved {
  reason: string;
}
