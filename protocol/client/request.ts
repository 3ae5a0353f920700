/** Builds a request to the daemon, checks the owner of the socket, and checks the version and status of the reply. */
import { hostname } from "node:os";
import { basename, extname } from "node:path";
import { type Problem, Refusal } from "../errors.js";
import { accessProblem, ownerProblem, pathProblem } from "../system/owned-path.js";
import { socketPathProblem } from "../system/places.js";
import { compatible, VERSION, VERSION_HEADER } from "../version.js";
import type { Deadlines } from "./deadline.js";
import { isRemote, onRemote, parseAddress } from "./ssh/address.js";

/** `Liveops-Client: pid=123; command=liveops submit; host=laptop`: identifies the client in the daemon's audit log. */
export const CLIENT_HEADER = "liveops-client";

/** Longest command and name of a machine in the header, in characters. */
const MAX_COMMAND = 64;
const MAX_HOST = 64;

let own: string | undefined;

/** The header of this process: its pid, program and liveops command, without arguments; for another machine, this one. */
function clientHeader(socket: string): string {
  own ??= `pid=${process.pid}; command=${commandOf(process.argv)}`;
  return isRemote(socket)
    ? `${own}; host=${hostname()
        .replace(/[^\w.-]/g, "_")
        .slice(0, MAX_HOST)}`
    : own;
}

export function commandOf([, script = "", word = ""]: readonly string[]): string {
  const file = basename(script);
  const program = basename(file, extname(file)).replace(/[^\w.@+-]/g, "_") || "node";
  // The first argument of another program may be a secret.
  const isOurs = /^liveops(?:d|-tui)?$/.test(program);
  const command = isOurs && /^[a-z][a-z-]*$/.test(word) ? `${program} ${word}` : program;
  return command.slice(0, MAX_COMMAND);
}

/** Null if the header has another form. @returns `host`: the client runs on this other machine */
export function parseClientHeader(header: string): { pid: number; command: string; host?: string } | null {
  const form = /^pid=(\d{1,10}); command=([\w.@+ -]{1,64})(?:; host=([\w.-]{1,64}))?$/;
  const [, pid, command, host] = form.exec(header) ?? [];
  if (pid === undefined || command === undefined) return null;
  return { pid: Number(pid), command, ...(host !== undefined && { host }) };
}

export interface RequestOptions {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, unknown>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Accept a reply of any version, to show or stop a daemon of another version. */
  anyVersion?: boolean;
  /** Default: `DEADLINES`. */
  deadlines?: Deadlines;
  /** Gets the daemon's clock at its reply, in ms since 1970. */
  onClock?: (time: number) => void;
  /** The reply may last, so that no other request waits for its connection. */
  isStream?: boolean;
}

interface Prepared {
  target: string;
  headers: Record<string, string | number>;
  body: string | undefined;
}

/** @throws Refusal if the socket's path is too long, or if another user owns or could replace the socket */
export function prepareRequest(socket: string, options: RequestOptions): Prepared {
  if (!isRemote(socket)) checkSocket(socket);
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return {
    target: options.path + queryString(options.query),
    headers: {
      host: "liveops",
      [VERSION_HEADER]: VERSION,
      [CLIENT_HEADER]: clientHeader(socket),
      ...(body !== undefined && {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      }),
      ...options.headers,
    },
    body,
  };
}

/** @throws Refusal if the daemon's version is not compatible with this one */
export function checkVersion(theirs: unknown, { anyVersion }: RequestOptions, socket: string): void {
  if (anyVersion || typeof theirs !== "string" || compatible(theirs, VERSION)) return;
  if (isRemote(socket))
    throw new Refusal(
      "LIVEOPS_VERSION",
      `the daemon on ${parseAddress(socket).name} is liveops ${theirs}, this command is ${VERSION}; use liveops ${theirs} here, or install ${VERSION} there and run: ${onRemote(socket, ["liveopsd", "restart"])}`,
    );
  throw new Refusal(
    "LIVEOPS_VERSION",
    `the daemon is liveops ${theirs}, this command is ${VERSION}; use liveops ${theirs}, or run: liveopsd restart`,
  );
}

/** Parses the body of an error reply. */
export function problemOf(status: number, text: string): Problem {
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.code === "string") return problem;
  } catch {
    // Not a reply of liveops; reported below.
  }
  return {
    type: "about:blank",
    title: "Not a reply of liveops",
    status,
    code: "LIVEOPS_INTERNAL",
    detail: `status ${status}: ${text.slice(0, 200)}`,
  };
}

/** The socket exists and this user may not open it. */
export function socketDenied(socket: string): Refusal {
  const why = accessProblem(socket) ?? "permission denied (EACCES); choose another socket with --socket";
  return new Refusal("LIVEOPS_SOCKET_NOT_OURS", `the socket ${socket} cannot be opened: ${why}`);
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

/** @throws Refusal if the path is too long, or if another user owns or could replace the socket */
export function checkSocket(socket: string): void {
  const problem = socketPathProblem(socket);
  if (problem !== null) throw new Refusal("LIVEOPS_BAD_REQUEST", problem);
  checkSocketOwner(socket);
}

/**
 * Checks the owner of the socket before parameters and environment are sent.
 *
 * Node cannot read the user at the other end of a Unix socket (SO_PEERCRED). So this checks that this user or root owns
 * the socket's file, and that no other user can replace the file.
 *
 * @throws Refusal `LIVEOPS_SOCKET_NOT_OURS` if another user created the socket or could replace it
 */
function checkSocketOwner(socket: string): void {
  const problem = pathProblem(socket, ownerProblem);
  if (problem === null) return;
  throw new Refusal(
    "LIVEOPS_SOCKET_NOT_OURS",
    `${problem}; nothing was sent to ${socket}; choose another socket with --socket, or run the command as the owner of the daemon`,
  );
}
