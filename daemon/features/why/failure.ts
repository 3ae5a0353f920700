/**
 * What failed: the stage and step, the command with its line, the exit in words, the lines around
 * it.
 */
import { constants } from "node:os";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { getOwn } from "../../../protocol/objects.js";
import type { LogLine, Operation, OperationError } from "../../../protocol/operation.js";
import type { KeptText } from "../../../protocol/pipeline/kept-text.js";
import { failedSteps } from "../../../protocol/step-names.js";
import { readRegularFile } from "../../../protocol/system/own-file.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { isErrorLine, levelOf } from "../../../protocol/text/line-level.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import { framesOf } from "../../../protocol/text/stack-frames.js";
import type { Failure } from "../../../protocol/why.js";
import { shapeOf } from "./new-line.js";

/** Lines of source before and behind the place. */
const AROUND = 2;
const MOST_SOURCE = 2 << 20;
const LINES_MOST = 10;
const CAUSES_MOST = 8;
const COLUMNS_MOST = 400;

/** What is known beside the record. */
export interface FailureFacts {
  /** The text of the type as the operation ran it; null: it is not kept. */
  readonly kept: KeptText | null;
  /** The file of the type; null: it is not known. */
  readonly typeFile: string | null;
  /** The last lines of the log; where several steps failed, those of each step. */
  readonly lastLines: readonly LogLine[];
  /** The command of a type that runs one; null: it runs none, or several. */
  readonly command: string | null;
}

export function failureOf(record: Operation, facts: FailureFacts): Failure | null {
  const failure = errorOf(record, facts.lastLines, facts.command);
  if (failure === null) return null;
  const { place } = failure;
  return { ...failure, source: place === null ? null : sourceAt(place, record.cwd, facts) };
}

/** What the record alone tells: no file is read. */
export function errorOf(
  record: Operation,
  lastLines: FailureFacts["lastLines"],
  command: string | null,
): Omit<Failure, "source"> | null {
  const { error, cwd } = record;
  if (error === null) return null;
  const first = firstLine(error.message);
  const program = programIn(error);
  const place = error.place ?? ownPlace(error) ?? placeIn(first, cwd);
  const stage = stageOf(record);
  const steps = stage === null ? [] : failedSteps(record, stage);
  const logged = lastLines.filter(({ stream }) => stream !== "liveops");
  let lines = logged.map(({ text }) => withoutSequences(text));
  if (program !== null) lines = outputOf(error);
  else if (steps.length > 1) lines = linesOfSteps(steps, logged);
  return {
    stage,
    step: steps.length === 1 ? steps[0]! : null,
    code: error.code,
    message: first.slice(0, COLUMNS_MOST),
    causes: (error.causes ?? [])
      .slice(0, CAUSES_MOST)
      .map(({ message }) => short(firstLine(message))),
    // Where a pipeline names no command, the first word is the name of the stage.
    command:
      error.place === undefined
        ? (command ?? program?.name ?? null)
        : short(error.command ?? "") || null,
    exit: program?.exit ?? exitOf(error),
    place,
    lines: lines.slice(-LINES_MOST).map(short),
  };
}

/**
 * Of each step, the lines that tell of a problem, once each; without such a line, its last line.
 */
function linesOfSteps(steps: readonly string[], logged: readonly LogLine[]): string[] {
  const most = Math.max(1, Math.floor(LINES_MOST / steps.length));
  return steps.flatMap((name) => {
    const texts = logged
      .filter(({ step }) => step === name)
      .map(({ text }) => withoutSequences(text));
    const telling = texts.filter((text) => levelOf(text) !== null || isErrorLine(text));
    // A program that tries again prints the same line with another number.
    const once = new Map(telling.map((text) => [shapeOf(text), text]));
    return once.size === 0 ? texts.slice(-1) : [...once.values()].slice(-most);
  });
}

const short = (line: string): string => line.trimEnd().slice(0, COLUMNS_MOST);

/** The command of `shell`; null: the type runs no command, or several. */
export function commandOf({ op, params }: Operation): string | null {
  if (op !== "shell") return null;
  const { script, args } = params;
  if (typeof script === "string") return script.includes("\n") ? null : script;
  return Array.isArray(args) && args.length > 0 ? shellLine(args.map(String)) : null;
}

export function stageOf({ stages, stageStates, untrackedStage }: Operation): string | null {
  if (untrackedStage !== null) return untrackedStage;
  return stages.find((name) => getOwn(stageStates, name) === "failed") ?? null;
}

interface Program {
  readonly name: string;
  readonly exit: string;
}

/**
 * The program that ended with an error; its last lines stand behind the first line of the message.
 */
function programIn({ message }: Pick<OperationError, "message">): Program | null {
  const [, name, code, signal] =
    /^(.*?) (?:exited with (\d+)|was killed by (SIG\w+))/.exec(firstLine(message)) ?? [];
  if (name === undefined) return null;
  return { name, exit: signal === undefined ? codeInWords(Number(code)) : signalInWords(signal) };
}

/** The last lines that a program printed: they follow the first line of its error. */
const outputOf = ({ message }: Pick<OperationError, "message">): string[] =>
  message.split("\n").slice(1);

const CODES: Readonly<Record<number, string>> = {
  124: "the time limit of `timeout` was reached",
  126: "the file cannot be run: it is no program, or not executable",
  127: "the command was not found",
};

const SIGNALS: Readonly<Record<string, string>> = {
  SIGHUP: "its terminal was closed",
  SIGINT: "it was interrupted",
  SIGQUIT: "somebody asked it to quit",
  SIGILL: "it ran an invalid instruction",
  SIGABRT: "it ended itself after an error in it",
  SIGBUS: "it used memory that is not there",
  SIGFPE: "its arithmetic failed, such as a division by zero",
  SIGKILL: "it was killed from outside, often for lack of memory",
  SIGSEGV: "it used memory that is not its own",
  SIGPIPE: "the reader of its output had ended",
  SIGTERM: "somebody asked it to end",
  SIGXCPU: "its limit of CPU time was reached",
  SIGXFSZ: "its limit of the size of a file was reached",
};

/** `exit code 127: the command was not found`. */
export function codeInWords(code: number): string {
  // A shell tells the signal that ended a command as 128 and its number.
  const [signal = ""] =
    Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? [];
  const words = CODES[code] ?? (signal in SIGNALS ? `${signal}, ${SIGNALS[signal]}` : null);
  return words === null ? `exit code ${code}` : `exit code ${code}: ${words}`;
}

export function signalInWords(signal: string): string {
  const words = SIGNALS[signal];
  return words === undefined ? signal : `${signal}: ${words}`;
}

const CAUSES_IN_WORDS: Readonly<Partial<Record<NonNullable<OperationError["cause"]>, string>>> = {
  "out-of-memory": "the kernel ended a process for lack of memory",
};

const exitOf = ({ cause }: OperationError): string | null =>
  cause === undefined ? null : (CAUSES_IN_WORDS[cause] ?? null);

type Place = NonNullable<Failure["place"]>;

/** The first frame of the operation's own code. */
function ownPlace({ stack, causes = [] }: OperationError): Place | null {
  const frames = [stack, ...causes.map((cause) => cause.stack)].flatMap(framesOf);
  return frames.find(({ own, source }) => own && source !== null)?.source ?? null;
}

/** `src/main.ts:12` in a text. */
function placeIn(text: string, cwd: string): Place | null {
  const [, path, line] =
    /(?:^|[\s("'])((?:[\w.@~+-]*\/)*[\w@~+-][\w.@~+-]*\.\w{1,10}):(\d{1,7})\b/.exec(text) ?? [];
  if (path === undefined) return null;
  return { file: isAbsolute(path) ? path : resolve(cwd, path), line: Number(line) };
}

function sourceAt(place: Place, cwd: string, { kept, typeFile }: FailureFacts): Failure["source"] {
  const { file, line } = place;
  const isRead =
    file === typeFile ||
    isBelow(file, cwd) ||
    (typeFile !== null && isBelow(file, dirname(typeFile)));
  const own = kept?.path === file ? kept.text : getOwn(kept?.files ?? {}, file);
  const text = own ?? (isRead ? textOf(file) : null);
  const lines = text?.split(/\r?\n/) ?? [];
  if (line > lines.length) return null;
  const from = Math.max(1, line - AROUND);
  return {
    from,
    lines: lines.slice(from - 1, line + AROUND).map((each) => each.slice(0, COLUMNS_MOST)),
  };
}

/**
 * An error may name any file. One that is elsewhere, or hidden, may hold what nobody wants to hand
 * on.
 */
function isBelow(file: string, dir: string): boolean {
  const path = relative(dir, file);
  return !isAbsolute(path) && path.split(sep).every((name) => !name.startsWith("."));
}

function textOf(file: string): string | null {
  try {
    return readRegularFile(file, MOST_SOURCE).toString("utf8");
  } catch {
    return null;
  }
}
