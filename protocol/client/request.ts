/**
 * One request to the daemon with node:http: connect, send, check the version and the status, read
 * the reply.
 */
import type { IncomingMessage } from "node:http";
import { type Problem, Refusal } from "../errors.js";
import { elapsedMs } from "../system/elapsed.js";
import { accessProblem, ownerProblem, pathProblem } from "../system/owned-path.js";
import { socketPathProblem } from "../system/places.js";
import { CLOCK_HEADER, compatible, VERSION, VERSION_HEADER, WARNING_HEADER } from "../version.js";
import { remoteOf } from "./address.js";
import { CLIENT_HEADER, clientHeader } from "./client-header.js";
import { connectionTo } from "./connection.js";
import { DEADLINES, Deadline, isQueueFull, retryWhileQueueFull } from "./deadline.js";
import { ConnectionLostError, NoAnswerError, NoDaemonError, UnreachableError } from "./errors.js";
import type { RequestOptions } from "./methods.js";
import { WITHIN_HEADER, withinHeader } from "./within-header.js";

/** Sends a request and parses the reply as JSON. */
export async function askJson<T>(socket: string, options: RequestOptions): Promise<T> {
  return JSON.parse(await readText(socket, await open(socket, options), options)) as T;
}

/**
 * Sends a request and returns the reply with its body unread. Throws a Refusal for an error reply.
 */
export async function open(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const response = await send(socket, options);
  try {
    checkVersion(response.headers[VERSION_HEADER], options, socket);
  } catch (refusal) {
    response.resume();
    throw refusal;
  }
  const time = Number(response.headers[CLOCK_HEADER]);
  if (time > 0) options.onClock?.(time);
  const warning = response.headers[WARNING_HEADER];
  if (typeof warning === "string") options.onWarning?.(decodeURIComponent(warning));
  const status = response.statusCode ?? 500;
  if (status >= 400)
    throw Refusal.fromProblem(problemOf(status, await readText(socket, response, options)));
  return response;
}

async function readText(...reply: Parameters<typeof readPieces>): Promise<string> {
  let text = "";
  for await (const piece of readPieces(...reply)) text += piece;
  return text;
}

/** Reads the body of a reply as it arrives, within the request's deadlines. */
export async function* readPieces(
  socket: string,
  response: IncomingMessage,
  options: RequestOptions,
): AsyncGenerator<string> {
  response.setEncoding("utf8");
  const deadline = watched(socket, options, (error) => response.destroy(error));
  try {
    for await (const chunk of response) {
      deadline.heard();
      yield chunk as string;
      // The caller may have waited for the reader of its output.
      deadline.heard();
    }
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (error instanceof NoAnswerError) throw error;
    throw new ConnectionLostError(
      `the connection to the daemon was lost during a reply: ${(error as Error).message}`,
    );
  } finally {
    deadline.stop();
    response.destroy();
  }
}

function watched(
  socket: string,
  options: RequestOptions,
  giveUp: (error: NoAnswerError) => void,
): Deadline {
  const { method, deadlines = DEADLINES } = options;
  return new Deadline({ socket, method, deadlines, giveUp });
}

async function send(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const { signal, deadlines = DEADLINES } = options;
  try {
    const end = elapsedMs() + deadlines.answer;
    return await retryWhileQueueFull(() => sendOnce(socket, options), end, signal);
  } catch (error) {
    throw isQueueFull(error) ? new NoAnswerError(socket, deadlines.answer) : error;
  }
}

async function sendOnce(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const isHere = remoteOf(socket) === null;
  if (isHere) checkSocket(socket);
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const within = withinHeader(process.env);
  const headers = {
    host: "liveops",
    [VERSION_HEADER]: VERSION,
    [CLIENT_HEADER]: clientHeader(!isHere),
    ...(within !== undefined && { [WITHIN_HEADER]: within }),
    ...(body !== undefined && {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    }),
    ...options.headers,
  };
  const path = options.path + queryString(options.query);
  // Loaded with the first request, so that the dashboard's first frame does not wait for it.
  const { request: httpRequest } = process.getBuiltinModule("node:http");
  const { method, signal } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { ...connectionTo(socket, options.isStream), method, path, signal, headers },
      resolve,
    );
    let deadline: Deadline | null = null;
    const begin = () => {
      deadline = watched(socket, options, (error) => request.destroy(error));
    };
    request.on("response", () => deadline?.stop());
    request.on("close", () => deadline?.stop());
    let connected = false;
    if (isHere) {
      begin();
      request.on("socket", (s) => s.once("connect", () => (connected = true)));
    }
    // A connection to another machine has limits of its own, and a person may be asked for a
    // password meanwhile.
    else
      request.on("socket", () => {
        connected = true;
        begin();
      });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(signal.reason);
      else if (error instanceof NoAnswerError || error instanceof UnreachableError) reject(error);
      // The daemon closed a kept connection before it saw the request.
      else if (request.reusedSocket && method === "GET") resolve(sendOnce(socket, options));
      else if (connected) reject(new ConnectionLostError(whyLost(error, socket)));
      else if (isQueueFull(error)) reject(error);
      else if (error.code === "EACCES" || error.code === "EPERM") reject(socketDenied(socket));
      else reject(new NoDaemonError(socket, error.code ?? error.message));
    });
    request.end(body);
  });
}

function whyLost({ code, message }: NodeJS.ErrnoException, socket: string): string {
  const remote = remoteOf(socket);
  if (remote !== null) return `the connection to ${remote.name} was lost`;
  // Error codes of node:http's parser.
  if (code?.startsWith("HPE_")) return "the process on the socket does not speak HTTP";
  return `the daemon closed the connection: ${message}`;
}

/** @throws Refusal if the daemon's version is not compatible with this one */
function checkVersion(theirs: unknown, { anyVersion }: RequestOptions, socket: string): void {
  if (anyVersion || typeof theirs !== "string" || compatible(theirs, VERSION)) return;
  const remote = remoteOf(socket);
  if (remote !== null)
    throw new Refusal(
      "LIVEOPS_VERSION",
      `the daemon on ${remote.name} is liveops ${theirs}, this command is ${VERSION}; use liveops ${theirs} here, or install ${VERSION} there and run: ${remote.commandLine(["liveops", "restart"])}`,
    );
  throw new Refusal(
    "LIVEOPS_VERSION",
    `the daemon is liveops ${theirs}, this command is ${VERSION}; use liveops ${theirs}, or run: liveops restart`,
  );
}

/** Parses the body of an error reply. */
function problemOf(status: number, text: string): Problem {
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
  const why =
    accessProblem(socket) ?? "permission denied (EACCES); choose another socket with --socket";
  return new Refusal("LIVEOPS_SOCKET_NOT_OURS", `the socket ${socket} cannot be opened: ${why}`);
}

function queryString(query: Record<string, unknown> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === false) continue;
    // The text of a list has its values with commas.
    search.set(name, value === true ? "1" : String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

/**
 * Checks the socket before parameters and environment are sent.
 *
 * Node cannot read the user at the other end of a Unix socket (SO_PEERCRED). So this checks that
 * this user or root owns the socket's file, and that no other user can replace the file.
 *
 * @throws Refusal if the path is too long, or if another user owns or could replace the socket
 */
export function checkSocket(socket: string): void {
  const tooLong = socketPathProblem(socket);
  if (tooLong !== null) throw new Refusal("LIVEOPS_BAD_REQUEST", tooLong);
  const problem = pathProblem(socket, ownerProblem);
  if (problem === null) return;
  throw new Refusal(
    "LIVEOPS_SOCKET_NOT_OURS",
    `${problem}; nothing was sent to ${socket}; choose another socket with --socket, or run the command as the owner of the daemon`,
  );
}
