/**
 * One answer of JSON, read whole, over a bare connection.
 *
 * To load and set up node:http takes a fifth of what a bare Node start takes, which is a third of all that a `submit`
 * adds to it. What is read is what our daemon sends: HTTP/1.1 with a length, or in chunks.
 */
import type { Socket } from "node:net";
import { Refusal } from "../errors.js";
import { VERSION_HEADER } from "../version.js";
import { type Answer, AnswerReader } from "./answer-reader.js";
import { DEADLINES, Deadline } from "./deadline.js";
import { ConnectionLostError, NoDaemonError } from "./errors.js";
import { open, readText } from "./http.js";
import { checkVersion, type Prepared, prepare, problemOf, type RequestOptions } from "./request.js";

/** A larger body (bytes) may be refused before all of it is sent: node:http reads why. */
const LARGE_BODY = 64 * 1024;

export async function askJson<T>(socket: string, options: RequestOptions): Promise<T> {
  const request = prepare(socket, options);
  if (Number(request.headers["content-length"] ?? 0) > LARGE_BODY)
    return JSON.parse(await readText(socket, await open(socket, options), options)) as T;
  const { status, headers, text } = await ask(socket, request, options);
  checkVersion(headers.get(VERSION_HEADER), options);
  if (status >= 400) throw Refusal.fromProblem(problemOf(status, text));
  return JSON.parse(text) as T;
}

async function ask(socket: string, prepared: Prepared, options: RequestOptions): Promise<Answer> {
  const request = encode(prepared, options.method);
  const { signal } = options;
  signal?.throwIfAborted();
  const { connect } = process.getBuiltinModule("node:net");
  const connection = connect(socket);
  let late: Error | null = null;
  const abort = () => connection.destroy();
  signal?.addEventListener("abort", abort, { once: true });
  const deadline = new Deadline({
    socket,
    method: options.method,
    deadlines: options.deadlines ?? DEADLINES,
    giveUp: (error) => {
      late = error;
      connection.destroy();
    },
  });
  connection.on("data", () => deadline.heard());
  try {
    return await exchange(connection, request, socket);
  } catch (error) {
    throw late ?? (signal?.aborted ? signal.reason : error);
  } finally {
    deadline.stop();
    signal?.removeEventListener("abort", abort);
    connection.destroy();
  }
}

function encode({ target, headers, body = "" }: Prepared, method: string): string {
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => {
    if (/[\r\n]/.test(String(value))) throw new Error(`the header ${name} holds a line break`);
    return `${name}: ${value}\r\n`;
  });
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

function exchange(connection: Socket, request: string, socket: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader();
    let connected = false;
    let failure = "it ended early";
    connection.once("connect", () => {
      connected = true;
    });
    connection.on("data", (chunk) => {
      try {
        const answer = reader.take(chunk);
        if (answer) resolve(answer);
      } catch (error) {
        reject(error as Error);
      }
    });
    connection.on("error", (error: NodeJS.ErrnoException) => {
      if (!connected) reject(new NoDaemonError(socket, error.code ?? error.message));
      failure = error.message;
    });
    connection.on("close", () =>
      reject(new ConnectionLostError(`the daemon closed the connection: ${failure}`)),
    );
    connection.write(request);
  });
}
