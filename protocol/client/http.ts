/**
 * One HTTP request over the Unix socket: connect, send, check version and status.
 *
 * Plain node:http, no schema library: a short command's start-up is mostly this.
 */
import type { IncomingMessage } from "node:http";
import { type Problem, Refusal } from "../errors.js";
import { MAX_SOCKET_PATH } from "../places.js";
import { compatible, VERSION, VERSION_HEADER } from "../version.js";
import { ConnectionLostError, NoDaemonError } from "./errors.js";

export interface RequestOptions {
  method: "GET" | "POST" | "DELETE";
  path: string;
  query?: Record<string, unknown>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Take the answer whatever version it comes from: to see who answers, and to stop it. */
  anyVersion?: boolean;
}

/** The response, its head checked, its body not yet read. */
export async function open(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const response = await send(socket, options);
  const theirs = response.headers[VERSION_HEADER];
  if (!options.anyVersion && typeof theirs === "string" && !compatible(theirs, VERSION)) {
    response.resume();
    throw new Refusal(
      "LIVEOPS_VERSION",
      `the daemon is liveops ${theirs}, this command is ${VERSION}; run the daemon's version, or: liveopsd restart`,
    );
  }
  if ((response.statusCode ?? 500) >= 400) throw Refusal.fromProblem(await readProblem(response));
  return response;
}

export async function readJson<T>(response: IncomingMessage): Promise<T> {
  return JSON.parse(await readText(response)) as T;
}

export async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new ConnectionLostError(
      `the daemon went away in the middle of a reply: ${(error as Error).message}`,
    );
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Without it node:http asks whether the host is an IP address, and compiles a regular expression of 3 ms for that. */
const NO_SERVER_NAME = { servername: "" };

function send(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    const detail = `the socket's path is too long for a Unix socket (${MAX_SOCKET_PATH} bytes are possible): ${socket}; choose a shorter one with --socket`;
    return Promise.reject(new Refusal("LIVEOPS_BAD_REQUEST", detail));
  }
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  // Loaded with the first request: the dashboard's first frame does not wait for it.
  const { request: httpRequest } = process.getBuiltinModule("node:http");
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath: socket,
        method: options.method,
        path: options.path + queryString(options.query),
        agent: false,
        ...NO_SERVER_NAME,
        signal: options.signal,
        headers: {
          host: "liveops",
          [VERSION_HEADER]: VERSION,
          ...(body !== undefined && {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
          }),
          ...options.headers,
        },
      },
      resolve,
    );
    let connected = false;
    request.on("socket", (s) => s.once("connect", () => (connected = true)));
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (options.signal?.aborted) reject(options.signal.reason);
      else if (connected)
        reject(new ConnectionLostError(`the daemon closed the connection: ${error.message}`));
      else reject(new NoDaemonError(socket, error.code ?? error.message));
    });
    request.end(body);
  });
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

async function readProblem(response: IncomingMessage): Promise<Problem> {
  const text = await readText(response);
  const status = response.statusCode ?? 500;
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
