/** Runs one command of a pipeline: a script by the shell rule, or words without a shell. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { OperationError } from "../../../protocol/operation.js";
import { placeText } from "../../../protocol/text/place-text.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";
import { withDetails } from "../../attempt/failure.js";
import type { Reports } from "../../attempt/reports.js";
import { inTemporary, makeTemporary, removeTemporary } from "../../attempt/temporary.js";
import type { RunnerExecOptions } from "../../programs/exec.js";
import { ExecError, type ExecResult } from "../../sdk/exec.js";
import type { Command, PipelineCommand, PipelineFile, Template } from "../definition.js";
import { fill, fillWords, ValueError } from "../template.js";
import { CONDITION_END, type FailedCommand, FailureTrap, findShell } from "./shell.js";
import type { Variables } from "./variables.js";

/** A private directory for the files of one attempt: outputs, and records of failed commands. */
export class Workspace {
  dir: string;
  #rooms = 0;

  constructor(private readonly id: string) {
    removeTemporary(id);
    this.dir = inTemporary(() => makeTemporary(id));
  }

  /** A directory for one run of a command: others may run beside it. */
  room(): { readonly dir: string; remove(): void } {
    return inTemporary(() => {
      // Something that cleans the temporary directory may have removed it.
      if (!existsSync(this.dir)) this.dir = makeTemporary(this.id);
      const dir = join(this.dir, String(++this.#rooms));
      mkdirSync(dir, { mode: 0o700 });
      return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
    });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A command that exited with another code than 0, or by a signal, with its place in the file. */
export class CommandFailure extends ExecError {
  /** @param isBroken - bash ended the script for an error in it, and the exit code is no answer */
  constructor(
    { command, args, exitCode, signal, seconds, lastLines }: ExecError,
    label: string,
    { at, text, command: failed }: FailedAt,
    readonly isBroken = false,
  ) {
    super(command, args, { exitCode, signal, seconds }, lastLines, label);
    const [first = "", ...rest] = this.message.split("\n");
    const what = isBroken ? `${label}: bash ended the script for an error in it` : first;
    this.message = [`${what} at ${text}`, ...rest].join("\n");
    const isWhole = failed !== undefined && failed.length <= MAX_COMMAND;
    withDetails(this, { place: at, ...(isWhole && { command: failed }) });
    // The stack shows only liveops.
    delete this.stack;
  }
}

/** A command that ran longer than its timeout. */
export class CommandTimeout extends Error {
  readonly exitCode = null;

  constructor(label: string, timeout: number, place: Place) {
    super(
      `${label} ran longer than its timeout of ${shortDuration(timeout)}, and its processes were stopped, at ${placeText(place)}`,
    );
    withDetails(this, { place });
    delete this.stack;
  }
}

export interface CommandContext {
  /** Of the operation, or of a step. */
  p: Reports;
  file: PipelineFile;
  /** Parsed, with defaults. A secret is its reference. */
  params: Readonly<Record<string, unknown>>;
  variables: Variables;
  workspace: Workspace;
  /** Aborts when the pipeline has run longer than its timeout, with the error as its reason. */
  deadline: AbortSignal;
}

/** Where a command runs. */
export interface TaskPlace {
  /** In messages: the stage, or `Stage/step`. */
  label: string;
  stage: string;
  /** The values of `each`; absent: the task is not a step of it. */
  values?: ReadonlyMap<string, string>;
}

interface CommandOptions {
  /** Name in messages. */
  label: string;
  /** Variables of liveops for this command. */
  own?: Record<string, string>;
  /** Values of `each`. */
  values?: ReadonlyMap<string, string>;
  /** Seconds; default: that of the command. */
  timeout?: number | null;
  /** Runs also after a stop was requested. */
  afterStop?: boolean;
  grace?: number;
  /**
   * Runs instead of `run`. Of a condition, the exit code is an answer; of an output, stdout is
   * returned.
   */
  instead?: { command: Command; of: "condition" | "output" };
}

/**
 * @throws CommandFailure, CommandTimeout; Error if a template has no value or the command cannot
 *   be started
 */
export async function runCommand(
  { p, file, variables, workspace, deadline }: CommandContext,
  spec: PipelineCommand,
  options: CommandOptions,
): Promise<ExecResult> {
  const {
    label,
    own = {},
    values,
    timeout = spec.timeout,
    afterStop = false,
    grace,
    instead,
  } = options;
  const command = instead?.command ?? spec.run;
  const { env, scope } = variables.of(spec, own, values);
  const cwd = directoryOf(file, spec.cwd, (template) => fill(template, scope));
  const place = placeOf(file, command);
  const late = new AbortController();
  // By the clock of the attempt, which stops while the operation is paused.
  const clear =
    timeout === null
      ? null
      : p.clock.schedule(
          timeout * 1000,
          () => late.abort(new CommandTimeout(label, timeout, place)),
          true,
        );
  const execOptions: RunnerExecOptions = {
    env,
    cwd,
    label,
    status: "unfinished",
    signal: afterStop ? late.signal : AbortSignal.any([late.signal, deadline]),
    afterStop,
    grace,
    ...(spec.tty && { tty: true }),
    // Only whether it differs counts, and it may be long.
    ...(instead?.of === "output" && { capture: true, logsStdout: false, progress: false }),
  };
  const room = command.kind === "words" ? null : workspace.room();
  try {
    if (command.kind === "words") {
      const [program, ...args] = fillWords(command.words, scope);
      const shown = `${placeText(place)}: ${wordsText(command.words).slice(0, MAX_SHOWN)}`;
      if (program === undefined) throw noProgram(label, shown);
      return await p.exec(program, args, execOptions).catch((error) => {
        throw failureAt(error, label, {
          at: place,
          text: shown,
          command: typedText(command.words),
        });
      });
    }
    const shell = findShell("PATH" in env ? env.PATH : process.env.PATH, cwd);
    const trap = new FailureTrap(room!.dir);
    const before = "BASH_ENV" in env ? env.BASH_ENV : process.env.BASH_ENV;
    const isCondition = instead?.of === "condition" && shell.isBash;
    const script = command.script + (isCondition ? CONDITION_END : "");
    const changes = shell.isBash
      ? { ...env, ...inTemporary(() => trap.set(before, isCondition)) }
      : env;
    return await p
      .exec(shell.command, [...shell.options, script], { ...execOptions, env: changes })
      .catch((error) => {
        if (!(error instanceof ExecError))
          throw failureAt(error, label, { at: place, text: placeText(place) });
        const failed = placeOfFailure(file, command, trap.failed(error.exitCode));
        throw new CommandFailure(error, label, failed, isCondition && trap.isBroken);
      });
  } finally {
    clear?.();
    room?.remove();
  }
}

/** All words are lists without values. */
function noProgram(label: string, place: string): Error {
  const error = new Error(
    `${label} has no program to run: its words are empty lists (at ${place})`,
  );
  delete error.stack;
  return error;
}

function failureAt(error: unknown, label: string, failed: FailedAt): unknown {
  if (error instanceof ExecError) return new CommandFailure(error, label, failed);
  const { code, message } = error as NodeJS.ErrnoException;
  // Of the commands, those of `needs` alone are captured.
  const isTooMuch = error instanceof RangeError;
  // A program that the system did not start: the stack shows only liveops.
  if (code === undefined && !isTooMuch) return error;
  const why = isTooMuch
    ? 'its output has more than 1 MiB; shorten it, such as with "| cksum"'
    : message;
  const failure = Object.assign(new Error(`${label}: ${why} (at ${failed.text})`), { code });
  delete failure.stack;
  return failure;
}

/** The directory of a command. A relative path begins at that of the pipeline. */
export function directoryOf(
  { pipeline, path }: PipelineFile,
  cwd: Template | null,
  filled: (template: Template) => string,
): string {
  const submitted = process.cwd();
  let own = submitted;
  if (pipeline.cwd === "file") own = path === null ? own : dirname(path);
  else if (pipeline.cwd !== null) own = resolve(own, filled(pipeline.cwd));
  return cwd === null ? own : resolve(own, filled(cwd));
}

/** With the name of the command and its place, which the error of a value does not know. */
export function placed(
  error: unknown,
  label: string,
  file: PipelineFile,
  command: Command,
): unknown {
  if (!(error instanceof ValueError)) return error;
  return new ValueError(`${label}: ${error.message} (at ${placeText(placeOf(file, command))})`);
}

type Place = NonNullable<OperationError["place"]>;

/** Where a command failed. */
interface FailedAt {
  at: Place;
  /** For the message: the place, and the command where it is known. */
  text: string;
  command?: string | undefined;
}

/** Most characters of a command in a message, and in the record. */
const MAX_SHOWN = 200;
const MAX_COMMAND = 4096;

/** @param nth - line of the script */
function placeOf({ path }: PipelineFile, { line, file }: Command, nth = 1): Place {
  return { file: file ?? path ?? "stdin", line: line + nth - 1 };
}

/**
 * The place of a failed command, and the command: the line of the file, or as the shell reports it.
 */
function placeOfFailure(
  file: PipelineFile,
  script: Command & { kind: "script" },
  failed: FailedCommand | null,
): FailedAt {
  const lines = script.script.trimEnd().split("\n");
  if (failed === null) {
    const at = placeOf(file, script);
    if (lines.length > 1) {
      const whole = { ...at, to: at.line + lines.length - 1 };
      return { at: whole, text: placeText(whole) };
    }
    const command = script.script.trim();
    return { at, text: `${placeText(at)}: ${command}`, command };
  }
  const { line } = failed;
  const written = (lines[line - 1] ?? "").trim();
  const command = written.includes(failed.command) ? written : failed.command.replace(/\s+/g, " ");
  const text = script.file === undefined ? file.text : (file.files[script.file] ?? "");
  const inFile = text.split("\n")[script.line + line - 2] ?? "";
  // A folded or an escaped scalar has other lines than the file.
  const isInFile = inFile.includes(written);
  const at = placeOf(file, script, isInFile ? line : 1);
  const ofScript = isInFile ? "" : ` (line ${line} of the script)`;
  return { at, text: `${placeText(at)}${ofScript}: ${command.slice(0, MAX_SHOWN)}`, command };
}

/** As in the file: with names in the place of values. */
export function wordsText(words: readonly Template[]): string {
  return words
    .map((word) => word.map((part) => ("text" in part ? part.text : `$${part.name}`)).join(""))
    .join(" ");
}

/** As a shell takes the words, where the values are variables. */
function typedText(words: readonly Template[]): string {
  return words
    .map((word) =>
      word.map((part) => ("text" in part ? shellQuote(part.text) : `"$${part.name}"`)).join(""),
    )
    .join(" ");
}

/** Seconds as `1h30m`, `90 s` or `500ms`. */
export function shortDuration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)}ms`;
  if (seconds < 120) return `${Math.round(seconds * 10) / 10} s`;
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes}m`;
  return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
}
