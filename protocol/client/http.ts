/** One request to the daemon with node:http: connect, send, check the version and the status, read the reply. */
import type { IncomingMessage } from "node:http";
import { Refusal } from "../errors.js";
import { CLOCK_HEADER, VERSION_HEADER } from "../version.js";
import { connectionTo } from "./connection.js";
import { DEADLINES, Deadline, isQueueFull, retryWhileQueueFull } from "./deadline.js";
import { ConnectionLostError, NoAnswerError, NoDaemonError } from "./errors.js";
import { checkVersion, prepareRequest, problemOf, type RequestOptions, socketDenied } from "./request.js";
import { isRemote, parseAddress } from "./ssh/address.js";
import { UnreachableHostError } from "./ssh/errors.js";

/** Sends a request and parses the reply as JSON. */
export async function askJson<T>(socket: string, options: RequestOptions): Promise<T> {
  return JSON.parse(await readText(socket, await open(socket, options), options)) as T;
}

/** Sends a request and returns the reply with its body unread. Throws a Refusal for an error reply. */
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
  const status = response.statusCode ?? 500;
  if (status >= 400) throw Refusal.fromProblem(problemOf(status, await readText(socket, response, options)));
  return response;
}

/** Reads the body of a reply, within the request's deadlines. */
export async function readText(
  socket: string,
  response: IncomingMessage,
  options: RequestOptions,
): Promise<string> {
  const chunks: Buffer[] = [];
  const deadline = watched(socket, options, (error) => response.destroy(error));
  try {
    for await (const chunk of response) {
      deadline.heard();
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (error instanceof NoAnswerError) throw error;
    throw new ConnectionLostError(
      `the connection to the daemon was lost during a reply: ${(error as Error).message}`,
    );
  } finally {
    deadline.stop();
  }
  return Buffer.concat(chunks).toString("utf8");
}

function watched(socket: string, options: RequestOptions, giveUp: (error: NoAnswerError) => void): Deadline {
  const { method, deadlines = DEADLINES } = options;
  return new Deadline({ socket, method, deadlines, giveUp });
}

async function send(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const { signal, deadlines = DEADLINES } = options;
  try {
    const end = performance.now() + deadlines.answer;
    return await retryWhileQueueFull(() => sendOnce(socket, options), end, signal);
  } catch (error) {
    throw isQueueFull(error) ? new NoAnswerError(socket, deadlines.answer) : error;
  }
}

async function sendOnce(socket: string, options: RequestOptions): Promise<IncomingMessage> {
  const { target, headers, body } = prepareRequest(socket, options);
  // Loaded with the first request, so that the dashboard's first frame does not wait for it.
  const { request: httpRequest } = process.getBuiltinModule("node:http");
  const { method, signal } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { ...connectionTo(socket, options.isStream), method, path: target, signal, headers },
      resolve,
    );
    let deadline: Deadline | null = null;
    const begin = () => {
      deadline = watched(socket, options, (error) => request.destroy(error));
    };
    request.on("response", () => deadline?.stop());
    request.on("close", () => deadline?.stop());
    let connected = false;
    if (isRemote(socket))
      // A connection over ssh has limits of its own, and a person may be asked for a password meanwhile.
      request.on("socket", () => {
        connected = true;
        begin();
      });
    else {
      begin();
      request.on("socket", (s) => s.once("connect", () => (connected = true)));
    }
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(signal.reason);
      else if (error instanceof NoAnswerError || error instanceof UnreachableHostError) reject(error);
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
  if (isRemote(socket)) return `the connection to ${parseAddress(socket).name} was lost`;
  // Error codes of node:http's parser.
  if (code?.startsWith("HPE_")) return "the process on the socket does not speak HTTP";
  return `the daemon closed the connection: ${message}`;
}
