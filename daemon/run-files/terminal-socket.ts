/**
 * The Unix socket of an attempt's terminal, on which its worker listens, and the lines that pass
 * through it.
 */
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import type { InputReply } from "../../protocol/replies.js";
import type { InputBody } from "../../protocol/requests.js";
import type { TerminalLine } from "../../protocol/stream-lines.js";
import { hasProc } from "../../protocol/system/own-process.js";
import { socketPathProblem } from "../../protocol/system/places.js";

const NAME = "terminal.sock";

/**
 * The first line of the daemon. A connection to attach stays open; one with input gets one line.
 */
export type ToTerminal = { type: "attach" } | ({ type: "input" } & InputBody);

/** Lines of the worker; those of an attached terminal are passed on to the client as they are. */
export type FromTerminal =
  | TerminalLine
  | { type: "ping" }
  | ({ type: "typed" } & InputReply)
  | { type: "refused"; reason: string }
  /** The program does not wait for this answer. */
  | { type: "unasked"; reason: string };

/**
 * A path of the socket that is short enough for the system, and what to call when it is not needed
 * any more.
 */
export interface SocketPath {
  path: string;
  release(): void;
}

/** @throws the system error if the directory is missing; Error without a short path */
export function terminalSocket(attemptDir: string): SocketPath {
  const path = join(attemptDir, NAME);
  if (socketPathProblem(path) === null) return { path, release() {} };
  if (!hasProc())
    throw new Error("the path of its run files is too long for a socket of this system");
  // A path through an open directory is short, however deep the directory is.
  const fd = openSync(attemptDir, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${fd}/${NAME}`, release: () => closeSync(fd) };
}
