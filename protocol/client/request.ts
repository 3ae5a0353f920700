/** What a request to the daemon consists of, and the checks of an answer's version and status. */
import { basename, extname } from "node:path";
import { type Problem, Refusal } from "../errors.js";
import { ownerProblem, pathProblem } from "../owned-path.js";
import { MAX_SOCKET_PATH } from "../places.js";
import { compatible, VERSION, VERSION_HEADER } from "../version.js";
import type { Deadlines } from "./deadline.js";

/** `Liveops-Client: pid=123; command=liveops submit`: who asks, for the daemon's audit log. */
export const CLIENT_HEADER = "liveops-client";

/** Longest command that is sent and read, in characters. */
const MAX_COMMAND = 64;

let own: string | undefined;

/** What this process says of itself: its program, and the command of ours that it runs; no arguments. */
function clientHeader(): string {
  own ??= `pid=${process.pid}; command=${commandOf(process.argv)}`;
  return own;
}

export function commandOf([, script = "", word = ""]: readonly string[]): string {
  const file = basename(script);
  const program = basename(file, extname(file)).replace(/[^\w.@+-]/g, "_") || "node";
  // What follows another program's name may be anything, a secret too.
  const isOurs = /^liveops(?:d|-tui)?$/.test(program);
  const command = isOurs && /^[a-z][a-z-]*$/.test(word) ? `${program} ${word}` : program;
  return command.slice(0, MAX_COMMAND);
}

/** Null where it is not of that form. */
export function parseClientHeader(header: string): { pid: number; command: string } | null {
  const [, pid, command] = /^pid=(\d{1,10}); command=([\w.@+ -]{1,64})$/.exec(header) ?? [];
  return pid === undefined || command === undefined ? null : { pid: Number(pid), command };
}

export interface RequestOptions {
  method: "GET" | "POST" | "DELETE";
  path: string;
  query?: Record<string, unknown>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Take the answer whatever version it comes from: to see who answers, and to stop it. */
  anyVersion?: boolean;
  /** Default: `DEADLINES`. */
  deadlines?: Deadlines;
}

interface Prepared {
  target: string;
  headers: Record<string, string | number>;
  body: string | undefined;
}

/** @throws Refusal where the socket's path cannot be one, or where the socket is not this user's */
export function prepareRequest(socket: string, options: RequestOptions): Prepared {
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the socket's path is too long for a Unix socket (${MAX_SOCKET_PATH} bytes are possible): ${socket}; choose a shorter one with --socket`,
    );
  }
  checkSocketOwner(socket);
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return {
    target: options.path + queryString(options.query),
    headers: {
      host: "liveops",
      [VERSION_HEADER]: VERSION,
      [CLIENT_HEADER]: clientHeader(),
      ...(body !== undefined && {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      }),
      ...options.headers,
    },
    body,
  };
}

/** @throws Refusal where the daemon is of a version that does not go with this one */
export function checkVersion(theirs: unknown, { anyVersion }: RequestOptions): void {
  if (anyVersion || typeof theirs !== "string" || compatible(theirs, VERSION)) return;
  throw new Refusal(
    "LIVEOPS_VERSION",
    `the daemon is liveops ${theirs}, this command is ${VERSION}; run the daemon's version, or: liveopsd restart`,
  );
}

/** An error answer's body as the problem it is. */
export function problemOf(status: number, text: string): Problem {
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.code === "string") return problem;
  } catch {
    // Not ours: told below.
  }
  return {
    type: "about:blank",
    title: "An answer that is not liveops'",
    status,
    code: "LIVEOPS_INTERNAL",
    detail: `status ${status}: ${text.slice(0, 200)}`,
  };
}

function queryString(query: Record<string, unknown> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === false) continue;
    search.set(name, value === true ? "1" : Array.isArray(value) ? value.join(",") : String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

/**
 * Checks who owns the socket, before parameters and environment are sent.
 *
 * Node does not tell who is at the other end of a Unix socket (SO_PEERCRED). So the owner of the socket's file counts,
 * and that no other user can replace the file.
 *
 * @throws Refusal `LIVEOPS_SOCKET_NOT_OURS` where another user made the socket, or could put one in its place
 */
function checkSocketOwner(socket: string): void {
  const problem = pathProblem(socket, ownerProblem);
  if (problem === null) return;
  throw new Refusal(
    "LIVEOPS_SOCKET_NOT_OURS",
    `${problem}; nothing was sent to ${socket}; choose another socket with --socket, or run the command as the user whose daemon it is`,
  );
}
