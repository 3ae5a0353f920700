/**
 * Runs a program for `p.exec`: its output goes to the log line by line, its progress to the bar,
 * and a stop of the operation ends its whole process group.
 */
import { resolve } from "node:path";
import type { LogStream, StatusLevel } from "../../protocol/operation.js";
import { withoutOtherSequences, withoutSequences } from "../../protocol/text/sgr.js";
import { ExecError, type ExecOptions, type ExecResult } from "../sdk/exec.js";
import type { Masker } from "../secrets/masker.js";
import { Group, type Output } from "./group.js";
import { checkDirectory, notStarted } from "./not-started.js";
import type { OscProgress } from "./osc-progress.js";
import { Latest, readLines } from "./output.js";
import { Captured, LastLines, ProgramOutputs } from "./program-outputs.js";
import { ProgramProgress, type ProgramTarget } from "./program-progress.js";
import type { BarTarget } from "./progress/program-bar.js";
import { TtyMissing, terminalEnvironment } from "./pty.js";
import type { AttemptTerminals } from "./terminals.js";

/** What a program needs of its operation. */
export interface ExecHost {
  /** Aborts when the operation must stop, or is over. */
  readonly signal: AbortSignal;
  /** The reason for which `exec` rejects after a stop. */
  stopped(): Error;
  /** Called right before the program starts. Default: no lease. */
  readonly checkLease?: (() => void) | null;
  /** Seconds between SIGTERM and SIGKILL by default. */
  readonly grace: number;
  line(stream: LogStream, text: string): void;
  /** Lines without line ends that came together. */
  lines(stream: LogStream, texts: readonly string[]): void;
  status(text: string, level?: StatusLevel): void;
  /** Milliseconds of the attempt: stands still while the operation is paused. */
  now(): number;
  /** The bar of the block that runs the program. */
  readonly bar: BarTarget;
  readonly masker: Masker;
  readonly terminals: Pick<AttemptTerminals, "size" | "opened">;
}

/** What only the runner's own types pass. */
export interface RunnerExecOptions extends ExecOptions {
  /** The log does not get what the program prints to stdout. Default: it does. */
  logsStdout?: boolean;
}

const MAX_STATUS = 500;
const STATUS_MS = 250;

/**
 * @throws ExecError if the program failed and `check` is not false; the reason of the stop;
 *   NotStarted if the program cannot be started; TtyMissing; RangeError if it printed more than
 *   `capture` can return; TypeError for wrong arguments
 */
export async function exec(
  host: ExecHost,
  command: string,
  args: readonly string[] = [],
  options: RunnerExecOptions = {},
): Promise<ExecResult> {
  checkArguments(command, args, options);
  const { label = command, capture = false, check = true, grace = host.grace } = options;
  throwIfStopped(host, options.signal);
  // Not the name of the operation's directory: the directory may have another name now.
  const cwd = options.cwd === undefined ? undefined : resolve(options.cwd);
  if (cwd !== undefined) checkDirectory(cwd);
  const separate = capture || (options.separate ?? false);
  const started = host.now();
  const outputs = new ProgramOutputs(label);
  let told = "";
  const tell = (line: string) => {
    told = line;
    host.status(host.masker.maskUnfinished(line).slice(-MAX_STATUS));
  };
  const status = new Latest(tell, STATUS_MS);
  const progress =
    options.progress === false ? null : new ProgramProgress(targetOf(host, outputs, status));
  const changes = { ...options.env, ...(progress?.open() ?? { LIVEOPS_REPORT: undefined }) };
  const group = await (options.tty === true
    ? startOnTerminal(host, command, args, cwd, changes)
    : start(host, command, args, separate, cwd, changes)
  ).catch((error) => {
    progress?.close();
    if (error instanceof TtyMissing) throw error;
    throw notStarted(error, command, cwd ?? process.cwd());
  });
  const close = group.terminal && host.terminals.opened(group.terminal, label);
  if (group.problem !== null)
    host.line(
      "liveops",
      `the order of stdout and stderr is not exact: no pipe was created: ${group.problem}`,
    );
  if (progress?.reportPath) group.removeIfKilled(progress.reportPath);
  progress?.watch(group.pid);
  const text = new Captured();
  const last = new LastLines(host.masker);
  const stop = () => group.stop(grace);
  const signals = [host.signal, ...(options.signal ? [options.signal] : [])];
  for (const signal of signals) {
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  }
  const show = (line: string) => {
    if (!progress?.hasStatus) status.set(withoutSequences(line));
  };
  const read = ({ name, stream }: Output) => {
    if (capture && name === "stdout") {
      stream.on("data", (chunk: Buffer) => {
        if (!text.add(chunk)) stop();
      });
    }
    const log = (lines: readonly string[]) => {
      if (name !== "stdout" || options.logsStdout !== false) host.lines(name, lines);
      last.add(lines);
    };
    return readLines(stream, {
      lines: (lines) => {
        // What was unfinished is in the log now.
        status.clear();
        const clean = lines.map(withoutOtherSequences);
        if (progress === null) log(clean);
        else progress.lines(clean, log);
        if (options.status === "last") show(last.newest);
      },
      ...(progress && {
        data: (chunk: Buffer) => progress.poll(chunk),
        frame: (frame: string) => {
          const text = progress.frame(withoutOtherSequences(frame));
          if (text !== null) show(text);
        },
        progress: (said: OscProgress) => progress.osc(said),
      }),
      cut: (...line) => host.masker.cut(...line),
      unfinished: (line, isFrame) => {
        progress?.unfinished(line);
        if (options.status !== undefined || (progress !== null && isFrame)) show(line);
      },
    });
  };
  try {
    const output = Promise.all(group.outputs.map(read));
    const end = await group.ended;
    const seconds = Math.round(host.now() - started) / 1000;
    const result: ExecResult = { ...end, seconds };
    // Normally the output ends with the program, and this status is not shown.
    const held = `${label} ${endingOf(end)}; a process that it started still holds its output open`;
    if (options.status !== undefined) show(held);
    await output;
    // A status stays until the next one.
    if (told === held) tell(`${label} ${endingOf(end)}`);
    progress?.close();
    throwIfStopped(host, options.signal);
    if (capture) result.stdout = text.of(label);
    if (!outputs.isEmpty) result.outputs = outputs.values;
    if (check && end.exitCode !== 0) throw new ExecError(command, args, result, last.texts, label);
    return result;
  } finally {
    status.clear();
    progress?.close();
    for (const signal of signals) signal.removeEventListener("abort", stop);
    close?.();
    await group.release();
  }
}

function start(
  { checkLease: beforeSpawn }: ExecHost,
  command: string,
  args: readonly string[],
  separate: boolean,
  cwd: string | undefined,
  changes: ExecOptions["env"],
): Promise<Group> {
  const env = changes && { ...process.env, ...changes };
  return Group.start(command, args, {
    separate,
    beforeSpawn,
    cwd,
    env,
  });
}

function startOnTerminal(
  { terminals, checkLease: beforeSpawn }: ExecHost,
  command: string,
  args: readonly string[],
  cwd: string = process.cwd(),
  changes: ExecOptions["env"],
): Promise<Group> {
  const env = { ...terminalEnvironment(process.env), ...changes };
  return Group.startOnTerminal(command, args, { cwd, env, size: terminals.size, beforeSpawn });
}

function endingOf({ exitCode, signal }: Pick<ExecResult, "exitCode" | "signal">): string {
  return signal === null ? `exited with ${exitCode}` : `was killed by ${signal}`;
}

function throwIfStopped(host: ExecHost, signal: AbortSignal | undefined): void {
  if (host.signal.aborted) throw host.stopped();
  signal?.throwIfAborted();
}

/** Connects what a program says with its operation. */
function targetOf(host: ExecHost, outputs: ProgramOutputs, status: Latest): ProgramTarget {
  return {
    bar: host.bar,
    line: (stream, text) => host.line(stream, text),
    status: (text, level) => {
      // An older text would replace this one.
      status.clear();
      host.status(host.masker.mask(text).slice(0, MAX_STATUS), level);
    },
    masker: host.masker,
    output: (name, value) => {
      const problem = outputs.set(name, value);
      if (problem !== null) host.line("liveops", problem);
    },
  };
}

/** Code in JavaScript is not checked by a compiler. */
function checkArguments(command: unknown, args: unknown, options: ExecOptions): void {
  const { grace, status, tty, capture, separate, progress } = options;
  if (typeof command !== "string" || command === "")
    throw new TypeError('p.exec takes a command: p.exec("make", ["-j4"])');
  if (!Array.isArray(args) || !args.every((each) => typeof each === "string"))
    throw new TypeError(
      `the arguments of ${command} must be a list of texts: p.exec("make", ["-j4"])`,
    );
  if (grace !== undefined && !(grace >= 0 && grace <= 86_400))
    throw new TypeError("grace must be a number of seconds from 0 to 86400");
  if (status !== undefined && status !== "unfinished" && status !== "last")
    throw new TypeError('status must be "unfinished" or "last"');
  if (progress !== undefined && typeof progress !== "boolean")
    throw new TypeError("progress must be true or false");
  if (tty === true && (capture === true || separate === true))
    throw new TypeError(
      "a terminal has one stream: tty cannot be combined with capture or separate",
    );
}
