/**
 * A pipeline as it was read from its file: checked, with defaults, but with nothing substituted.
 * `read/` makes it, `run/` runs it.
 */
import type { Actions } from "../../protocol/actions.js";

/** One parameter of a pipeline, in the order of the file. */
export interface PipelineParam {
  name: string;
  /** `list`: of texts. */
  type: "string" | "integer" | "number" | "boolean" | "list";
  required: boolean;
  /** Undefined: none. A parameter without a value is not in the environment of a script. */
  default?: string | number | boolean | readonly string[];
  enum?: ReadonlyArray<string | number>;
  /** Given as `env:NAME` or `file:PATH`; only the worker reads the value. */
  secret: boolean;
  /** Where the value of a secret is, unless the submit says so. Absent: the submit says so. */
  from?: string;
  description: string | null;
}

/**
 * A text in which `$name` and `${name}` stand for a whole value and `$$` for a dollar, in its
 * parts.
 *
 * The file was refused unless each name has a value here: a parameter that is required or has a
 * default, an output of an earlier stage, a variable of `OPERATION_VARIABLES`, a variable of the
 * pipeline's `env`, or an earlier variable of the same `env`; in a stage's words and directory,
 * also a variable of the stage's `env`. A value that is made from a secret reaches `env` only.
 */
export type Template = ReadonlyArray<{ text: string } | { name: string }>;

/**
 * JSON with templates in place of its strings. A template that is one name alone stands for the
 * value with its type.
 */
export type TemplateValue =
  | { kind: "text"; text: Template }
  | { kind: "constant"; value: number | boolean | null }
  | { kind: "list"; items: readonly TemplateValue[] }
  | { kind: "map"; entries: ReadonlyMap<string, TemplateValue> };

/**
 * A script for the shell, exactly as written, or the words of a command that runs without a shell.
 */
export type Command =
  /** `line`: of the first line of the script in the file. */
  (
    | { kind: "script"; script: string; line: number }
    | { kind: "words"; words: readonly Template[]; line: number }
  ) & {
    /** The file that has the command; absent: the file of the pipeline. */
    file?: string | undefined;
  };

export interface Retry {
  /** Runs of the command in all, at least 1. */
  attempts: number;
  /** Seconds before the second run; doubled for each further run. */
  backoff: number;
  /** Exit codes after which the command runs again; null: all but 0. */
  exit: readonly number[] | null;
}

/** What `stages` and `finally` have in common. */
export interface PipelineCommand {
  run: Command;
  env: ReadonlyMap<string, Template>;
  /** Relative paths begin at that of the pipeline; null: that of the pipeline. */
  cwd: Template | null;
  /** Seconds; null: none, and for `finally` its default. */
  timeout: number | null;
  tty: boolean;
}

/** A stage, or a step of a stage. */
export interface PipelineTask extends PipelineCommand {
  name: string;
  /** Exit 0: it runs; 1: it is skipped; another: an error. Null: it always runs. */
  when: Command | null;
  retry: Retry;
  allowFailure: boolean;
  /**
   * Names that the script writes to `$LIVEOPS_OUTPUT`. Later stages, `with` and `finally` can use
   * them.
   */
  outputs: readonly string[];
  /** What features have read, each in a class of its own. Empty: the command always runs. */
  rules: readonly object[];
}

/**
 * With steps, what a stage has of a command is for each of them: `env` and `cwd` of `parallel` are
 * in its steps already, and `each` runs the command of the stage once for each value. `outputs` are
 * those of all steps.
 */
export interface PipelineStage extends PipelineTask {
  /** Null: the stage runs its command. */
  steps: PipelineSteps | null;
  /** The question that the stage asks in place of a command; null: it asks none. */
  approve: PipelineApproval | null;
}

export interface PipelineApproval {
  question: Template;
  choices: readonly string[];
  /** Seconds; null: no limit. */
  timeout: number | null;
  default: string | null;
}

export interface PipelineSteps {
  /** Empty: the steps are those of `each`. */
  parallel: readonly PipelineTask[];
  /**
   * All combinations make a step each, the last name first. Empty: the steps are those of
   * `parallel`.
   */
  each: readonly EachValues[];
  /** Steps that run at the same time; null: as many as there are cores. */
  atOnce: number | null;
  onFailure: "stop" | "finish";
}

/** Where the values of a name of `each` come from. */
export interface EachValues {
  name: string;
  source:
    | { kind: "list"; items: readonly Template[] }
    | { kind: "param"; param: string }
    | { kind: "lines" | "glob"; text: Template };
  /** Of the values, in the file. */
  line: number;
  column: number;
  /** The file that has it; absent: the file of the pipeline. */
  file?: string | undefined;
}

export interface PipelineThen {
  op: string;
  /** Of the name, in the file. */
  line: number;
  column: number;
  with: ReadonlyMap<string, TemplateValue>;
}

export interface Pipeline {
  name: string;
  description: string | null;
  params: readonly PipelineParam[];
  env: ReadonlyMap<string, Template>;
  /** `"file"`: the directory of the file; null: the directory of the submit. */
  cwd: Template | "file" | null;
  /** Seconds, of the whole pipeline; null: none. */
  timeout: number | null;
  failIfOdd: boolean;
  stages: readonly PipelineStage[];
  /** Actions of the daemon by event; null: none. */
  on: Actions | null;
  finally: PipelineCommand | null;
  /** The next operation of the chain; null: none. */
  then: PipelineThen | null;
}

/** A pipeline, with what must be kept to run the same text again. */
export interface PipelineFile {
  pipeline: Pipeline;
  /** The text as it was read. */
  text: string;
  /** Absolute; null: the text came from stdin or a pipe. */
  path: string | null;
  /** The texts of the files that it names, directly or not, by absolute path. */
  files: Readonly<Record<string, string>>;
}
