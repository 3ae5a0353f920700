/**
 * Turns an error of `liveops` or `liveopsd` into text on stderr and an exit code. No other module
 * does this.
 *
 * An unknown error is a bug in liveops: exit 70, with the stack. Every text is sanitized, because
 * details quote text of users and operations.
 */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { StartFailedError } from "../../protocol/client/autostart.js";
import {
  ConnectionLostError,
  NoAnswerError,
  NoDaemonError,
  UnreachableError,
} from "../../protocol/client/errors.js";
import { exitCodeOfStatus, Refusal } from "../../protocol/errors.js";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";
import {
  DaemonAbortedError,
  InterruptedError,
  NeedsPersonError,
  NotFoundError,
  StateRemovedError,
  TimedOutError,
  UsageError,
} from "../../protocol/failures.js";
import { type MaybeTerminal, paintFor } from "../../protocol/text/colour.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { VERSION } from "../../protocol/version.js";
import { type KeptOptions, keepOptions } from "./kept-options.js";
import { noDaemon, silentDaemon } from "./silent-daemon.js";

export interface ReportTo {
  /** `liveops` or `liveopsd`. */
  program: string;
  /** The command, with its flags, that starts the daemon of these options. */
  startCommand: string;
  /**
   * The options that select the daemon: its pid is in an error message, and the commands of
   * messages keep them.
   */
  options?: KeptOptions;
  stderr?: MaybeTerminal & { write(text: string): unknown };
}

/** Prints the error on stderr; returns the exit code. */
export async function report(error: unknown, to: ReportTo): Promise<ExitCode> {
  const { lines, code } = await describeError(error, to);
  if (lines.length > 0) say(to, lines.join("\n"));
  return code;
}

/**
 * Prints a message on stderr after the program's name. Keeps line breaks, and the options in
 * commands.
 *
 * @param decorate - called with the sanitized text, to make parts of it links
 */
export function say(
  to: Pick<ReportTo, "program" | "stderr" | "options">,
  text: string,
  colour: "red" | "yellow" = "red",
  decorate = (sanitized: string) => sanitized,
): void {
  const stderr = to.stderr ?? process.stderr;
  const prefix = paintFor(stderr)(colour, `${to.program}:`);
  stderr.write(
    `${prefix} ${decorate(sanitize(keepOptions(text, to.options), { newlines: true }))}\n`,
  );
}

/** The error as text: what failed, then the next commands, a line each; and the exit code. */
export async function describeError(
  error: unknown,
  { startCommand, options = {} }: ReportTo,
): Promise<{ lines: string[]; code: ExitCode }> {
  if (error instanceof Refusal)
    return { lines: refusal(error), code: exitCodeOfStatus(error.status) };
  if (error instanceof DaemonAbortedError) return { lines: [error.message], code: EXIT.fault };
  if (error instanceof StartFailedError) return { lines: [error.message], code: error.exitCode };
  if (error instanceof UnreachableError)
    return { lines: [error.problem, ...error.next], code: EXIT.noDaemon };
  if (error instanceof NoDaemonError) {
    return {
      lines: [error.problem, ...(await noDaemon(error.socket, options, startCommand))],
      code: EXIT.noDaemon,
    };
  }
  if (error instanceof ConnectionLostError) {
    return { lines: [error.message, `see: ${status(startCommand)}`], code: EXIT.noDaemon };
  }
  if (error instanceof NoAnswerError) {
    return {
      lines: [error.message, ...(await silentDaemon(error.socket, options, startCommand))],
      code: EXIT.noDaemon,
    };
  }
  if (error instanceof StateRemovedError) {
    return {
      lines: [error.message, `if the directory was moved, put it back; then run: ${startCommand}`],
      code: EXIT.noDaemon,
    };
  }
  if (error instanceof UsageError) {
    return { lines: [error.message, ...(error.hint ? [error.hint] : [])], code: EXIT.usage };
  }
  if (error instanceof NotFoundError) return { lines: [error.message], code: EXIT.notFound };
  if (error instanceof NeedsPersonError) return { lines: [error.message], code: EXIT.needsPerson };
  if (error instanceof TimedOutError) return { lines: [error.message], code: EXIT.timedOut };
  if (error instanceof InterruptedError) {
    return { lines: error.message ? [error.message] : [], code: EXIT.interrupted };
  }
  if (isBeingReplaced(error))
    return { lines: ["the package of liveops is being replaced; try again"], code: EXIT.fault };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    lines: [
      `internal error (a bug in liveops): ${text}`,
      `liveops ${VERSION}, Node ${process.versions.node}, ${process.platform}; please report it with the lines above`,
    ],
    code: EXIT.fault,
  };
}

/** A program of the package is missing, as while npm writes another version over it. */
function isBeingReplaced(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  return isMissing && message.split("\n", 1)[0]!.includes(ownFiles());
}

/** The directory of the bundles of the package. */
function ownFiles(): string {
  return fileURLToPath(new URL(".", import.meta.url)).replace(/chunks\/$/, "");
}

function refusal(error: Refusal): string[] {
  // A person knows the options of the command, not the parts of the request.
  const said =
    error.code === "LIVEOPS_BAD_REQUEST"
      ? error.message
          .replace(/; docs\/protocol\.md .*$/, "")
          .replaceAll(/\bthe (?:path|query|body)'s /g, "")
      : error.message;
  const lines = [`${error.summary}: ${said}`];
  const unsaid = (names: string[] = []) => names.filter((name) => !error.message.includes(name));
  const near = unsaid(error.extra.nearest);
  if (near.length > 0) lines.push(`did you mean ${near.join(", ")}?`);
  const candidates = unsaid(error.extra.candidates);
  if (candidates.length > 0) lines.push(`matching ids: ${candidates.join(", ")}`);
  if (exitCodeOfStatus(error.status) === EXIT.fault)
    lines.push("see the daemon's log: liveopsd logs");
  return lines;
}

function status(startCommand: string): string {
  return startCommand.replace("liveops start", "liveopsd status");
}

/**
 * Ends a command quietly when the reader of its output has exited (`| head`), with the exit code of
 * a program that SIGPIPE ends. Any other write error is reported in one line.
 *
 * Called once at the start of a command that prints more than a line.
 */
export function endQuietlyOnClosedPipe(
  streams: NodeJS.WriteStream[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED")
        process.exit(EXIT.brokenPipe);
      // Only messages are lost: the command continues, and the exit code reports the result.
      if (stream === process.stderr) return;
      try {
        writeSync(2, `liveops: the output cannot be written: ${error.message}\n`);
      } catch {
        // stderr cannot be written either.
      }
      process.exit(EXIT.fault);
    });
  }
}
