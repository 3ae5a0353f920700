/**
 * The one place where an error of `liveops` or `liveopsd` becomes text on stderr and an exit code.
 *
 * What it doesn't know is our fault: exit 70, with the stack. Every text is neutralised, since details quote what
 * users and operations wrote.
 */
import { ConnectionLostError, NoAnswerError, NoDaemonError } from "../client/errors.js";
import { exitCodeOfStatus, Refusal } from "../errors.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { VERSION } from "../version.js";
import { type MaybeTerminal, paintFor } from "./colour.js";
import { InterruptedError, NotFoundError, TimedOutError, UsageError } from "./failures.js";
import type { GlobalOptions } from "./looked-for.js";
import { neutralise } from "./neutralise.js";
import { silentDaemon } from "./silent-daemon.js";

export interface ReportTo {
  /** The command that speaks: `liveops` or `liveopsd`. */
  program: string;
  /** What starts the daemon this command looked for, flags and all. */
  startCommand: string;
  /** The options that name the daemon: its pid is looked up for an error that names it. */
  options?: GlobalOptions;
  stderr?: MaybeTerminal & { write(text: string): unknown };
}

/** Says what went wrong on stderr; returns the exit code. */
export function report(error: unknown, to: ReportTo): ExitCode {
  const { lines, code } = describe(error, to);
  if (lines.length > 0) say(to, lines.join("\n"));
  return code;
}

/** A message on stderr under the command's name. Several lines stay several. */
export function say(
  to: Pick<ReportTo, "program" | "stderr">,
  text: string,
  colour: "red" | "yellow" = "red",
): void {
  const stderr = to.stderr ?? process.stderr;
  const prefix = paintFor(stderr)(colour, `${to.program}:`);
  stderr.write(`${prefix} ${neutralise(text, { newlines: true })}\n`);
}

function describe(
  error: unknown,
  { startCommand, options = {} }: ReportTo,
): { lines: string[]; code: ExitCode } {
  if (error instanceof Refusal) return { lines: refusal(error), code: exitCodeOfStatus(error.status) };
  if (error instanceof NoDaemonError) {
    return { lines: [error.message, `start it with: ${startCommand}`], code: EXIT.noDaemon };
  }
  if (error instanceof ConnectionLostError) {
    return { lines: [error.message, `see: ${status(startCommand)}`], code: EXIT.noDaemon };
  }
  if (error instanceof NoAnswerError) {
    return {
      lines: [error.message, ...silentDaemon(error.socket, options, startCommand)],
      code: EXIT.noDaemon,
    };
  }
  if (error instanceof UsageError) {
    return { lines: [error.message, ...(error.hint ? [error.hint] : [])], code: EXIT.usage };
  }
  if (error instanceof NotFoundError) return { lines: [error.message], code: EXIT.notFound };
  if (error instanceof TimedOutError) return { lines: [error.message], code: EXIT.timedOut };
  if (error instanceof InterruptedError) {
    return { lines: error.message ? [error.message] : [], code: EXIT.interrupted };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    lines: [
      `internal error (a bug in liveops): ${text}`,
      `liveops ${VERSION}, Node ${process.versions.node}, ${process.platform}; please report it with the lines above`,
    ],
    code: EXIT.fault,
  };
}

function refusal(error: Refusal): string[] {
  const lines = [`${error.summary}: ${error.message}`];
  const unsaid = (names: string[] = []) => names.filter((name) => !error.message.includes(name));
  const near = unsaid(error.extra.nearest);
  if (near.length > 0) lines.push(`did you mean ${near.join(", ")}?`);
  const candidates = unsaid(error.extra.candidates);
  if (candidates.length > 0) lines.push(`it fits: ${candidates.join(", ")}`);
  if (exitCodeOfStatus(error.status) === EXIT.fault) lines.push("the daemon's log has more: liveopsd logs");
  return lines;
}

function status(startCommand: string): string {
  return startCommand.replace("liveopsd start", "liveopsd status");
}
