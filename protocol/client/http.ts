/** A streamed answer of the daemon: connect, send, check version and status; its body is not yet read. */
import type { IncomingMessage } from "node:http";
import { Refusal } from "../errors.js";
import { VERSION_HEADER } from "../version.js";
import { ConnectionLostError, NoDaemonError } from "./errors.js";
import { checkVersion, prepare, problemOf, type RequestOptions } from "./request.js";

export async function open(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const response = await send(socket, options);
  try {
    checkVersion(response.headers[VERSION_HEADER], options);
  } catch (refusal) {
    response.resume();
    throw refusal;
  }
  const status = response.statusCode ?? 500;
  if (status >= 400) throw Refusal.fromProblem(problemOf(status, await readText(response)));
  return response;
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

async function send(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const { target, headers, body } = prepare(socket, options);
  // Loaded with the first request: the dashboard's first frame does not wait for it.
  const { request: httpRequest } = process.getBuiltinModule("node:http");
  const { method, signal } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { socketPath: socket, method, path: target, agent: false, ...NO_SERVER_NAME, signal, headers },
      resolve,
    );
    let connected = false;
    request.on("socket", (s) => s.once("connect", () => (connected = true)));
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(signal.reason);
      else if (connected)
        reject(new ConnectionLostError(`the daemon closed the connection: ${error.message}`));
      else reject(new NoDaemonError(socket, error.code ?? error.message));
    });
    request.end(body);
  });
}
