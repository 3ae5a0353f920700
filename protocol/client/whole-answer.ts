/**
 * One answer of JSON, read whole, over a bare connection.
 *
 * To load and set up node:http takes a fifth of what a bare Node start takes, which is a third of all that a `submit`
 * adds to it. What is read is what our daemon sends: HTTP/1.1 with a length, or in chunks.
 */
import type { Socket } from "node:net";
import { Refusal } from "../errors.js";
import { VERSION_HEADER } from "../version.js";
import { ConnectionLostError, NoDaemonError } from "./errors.js";
import { open, readText } from "./http.js";
import { checkVersion, type Prepared, prepare, problemOf, type RequestOptions } from "./request.js";

interface Answer {
  status: number;
  headers: Map<string, string>;
  text: string;
}

/** A larger body (bytes) may be refused before all of it is sent: node:http reads why. */
const LARGE_BODY = 64 * 1024;

export async function askJson<T>(socket: string, options: RequestOptions): Promise<T> {
  const request = prepare(socket, options);
  if (Number(request.headers["content-length"] ?? 0) > LARGE_BODY)
    return JSON.parse(await readText(await open(socket, options))) as T;
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
  const abort = () => connection.destroy();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await exchange(connection, request, socket);
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
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

class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);
  #head: Omit<Answer, "text"> | null = null;
  /** Of the body; null where it comes in chunks. */
  #length: number | null = null;
  readonly #parts: Buffer[] = [];
  #held = 0;

  /** The answer, once all of it is there. */
  take(chunk: Buffer): Answer | null {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    if (this.#head && this.#length !== null && this.#held < this.#length) return null;
    this.#bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    if (!this.#head && !this.#readHead()) {
      this.#keep(this.#bytes);
      return null;
    }
    const text = this.#length === null ? unchunked(this.#bytes) : this.#whole(this.#length);
    if (text === null) this.#keep(this.#bytes);
    return text === null ? null : { ...this.#head!, text };
  }

  #whole(length: number): string | null {
    return this.#bytes.length < length ? null : this.#bytes.toString("utf8", 0, length);
  }

  #keep(bytes: Buffer): void {
    this.#parts.splice(0, this.#parts.length, bytes);
    this.#held = bytes.length;
  }

  /** @throws ConnectionLostError where it is not HTTP */
  #readHead(): boolean {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const [first = "", ...lines] = this.#bytes.toString("latin1", 0, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    if (!status) throw new ConnectionLostError("what answers there does not speak HTTP");
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const isChunked = headers.get("transfer-encoding")?.toLowerCase() === "chunked";
    this.#length = isChunked ? null : Number(headers.get("content-length") ?? 0);
    this.#head = { status, headers };
    this.#bytes = this.#bytes.subarray(end + 4);
    return true;
  }
}

/** Null until the last chunk is there. */
function unchunked(body: Buffer): string | null {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf("\r\n", at);
    if (line === -1) return null;
    const size = Number.parseInt(body.toString("latin1", at, line), 16);
    if (size === 0) return Buffer.concat(pieces).toString("utf8");
    const next = line + 2 + size + 2;
    if (!(next <= body.length)) return null;
    pieces.push(body.subarray(line + 2, line + 2 + size));
    at = next;
  }
}
