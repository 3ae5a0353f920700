/**
 * What the daemon asks the loader over IPC. The daemon sends the next question after the answer.
 */
import type { FileTypes } from "../../ops/loading/found-types.js";
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

export type FileResult = FileTypes<LoadedOperationType>;

/** The questions. */
export interface LoaderAnswers {
  load(file: string): Promise<FileResult>;
  prepare(asks: LocatedAsk[]): Promise<Prepared[] | RefusedAsk>;
  /** The outputs that the stages of a pipeline declare. */
  outputs(of: KeptText): Promise<StageOutputs[]>;
  /** The defaults of the parameters of a pipeline, by name. */
  defaults(of: KeptText): Promise<Record<string, unknown>>;
}

export type Question = keyof LoaderAnswers;

export type Asked<Q extends Question> = Parameters<LoaderAnswers[Q]>[0];

export type Answer<Q extends Question> = Awaited<ReturnType<LoaderAnswers[Q]>>;

export interface ToLoader<Q extends Question = Question> {
  question: Q;
  about: Asked<Q>;
}

/** The first ask that is refused. */
interface RefusedAsk {
  index: number;
  problem: Problem;
}

/** Parameters that a type is to read. */
export interface PrepareAsk {
  op: string;
  input: PrepareInput;
  /**
   * A pipeline whose text is kept with the operation: its file need not load. Absent: the type as
   * it loads now.
   */
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
  /**
   * Those of each step of `parallel`; empty: its steps are those of `each`; null: it has no steps.
   */
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
  /**
   * The parameters of the operation that is changed: a default is left out, or written, as it was.
   */
  before?: Record<string, unknown>;
}

/** Null: the loader can be asked. */
export type FromLoader = { answer: unknown } | null;

/** The file of a type's code, and the policy for its attempts. */
export interface ResolvedType {
  file: string;
  policy: Policy;
}

/** There is no such type now. */
export interface Unresolved {
  reason: string;
}
