/**
 * A scripted daemon on a temporary Unix socket: the test sets its answers, and it records the
 * requests.
 *
 * For tests of commands and screens; tests of the daemon start the real daemon.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal, type RefusalCode } from "../../protocol/errors.js";
import { VERSION, VERSION_HEADER } from "../../protocol/version.js";

export interface Asked {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingMessage["headers"];
  body: unknown;
}

/** An NDJSON stream that the test controls. */
export interface Stream {
  line(value: unknown): void;
  end(): void;
  /** Closes the connection before the end of the stream. */
  break(): void;
  /** Resolves when the client has disconnected. */
  closed: Promise<void>;
}

export interface Reply {
  json(value: unknown, status?: number): void;
  text(value: string): void;
  refuse(code: RefusalCode, detail: string, extra?: Refusal["extra"]): void;
  stream(): Stream;
  /** Closes the connection without an answer. */
  break(): void;
}

export type Handler = (asked: Asked, reply: Reply) => void;

export class FakeDaemon {
  readonly dir = mkdtempSync(join(tmpdir(), "liveops-fake-"));
  readonly socket = join(this.dir, "liveopsd.sock");
  readonly asked: Asked[] = [];
  readonly #handlers: Array<{ method: string; path: string | RegExp; handle: Handler }> = [];
  readonly #waiting = new Set<() => void>();
  #server: Server | undefined;

  static async start(): Promise<FakeDaemon> {
    const daemon = new FakeDaemon();
    await daemon.listen();
    return daemon;
  }

  /** The newest handler that matches a request answers it. */
  on(method: string, path: string | RegExp, handle: Handler): this {
    this.#handlers.unshift({ method, path, handle });
    return this;
  }

  /** Resolves with the first request that matches, past or future. */
  async request(fits: (asked: Asked) => boolean): Promise<Asked> {
    for (;;) {
      const found = this.asked.find(fits);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server!.listen(this.socket, resolve));
  }

  /** Acts like a killed daemon: every connection breaks, and nothing answers. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", "http://liveops");
    const text = Buffer.concat(chunks).toString("utf8");
    const asked: Asked = {
      method: request.method ?? "GET",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.asked.push(asked);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
    const reply = replyOn(response);
    const fitting = this.#handlers.find(
      ({ method, path }) =>
        method === asked.method &&
        (typeof path === "string" ? path === asked.path : path.test(asked.path)),
    );
    if (fitting) fitting.handle(asked, reply);
    else
      reply.refuse(
        "LIVEOPS_NO_SUCH_ROUTE",
        `the script has nothing for ${asked.method} ${asked.path}`,
      );
  }
}

function replyOn(response: ServerResponse): Reply {
  const head = (status: number, type: string) =>
    response.writeHead(status, { [VERSION_HEADER]: VERSION, "content-type": type });
  return {
    json(value, status = 200) {
      head(status, "application/json").end(JSON.stringify(value));
    },
    text(value) {
      head(200, "text/plain").end(value);
    },
    refuse(code, detail, extra = {}) {
      const problem = new Refusal(code, detail, extra).toProblem();
      head(problem.status, "application/problem+json").end(JSON.stringify(problem));
    },
    stream() {
      head(200, "application/x-ndjson").flushHeaders();
      return {
        line: (value) => response.write(`${JSON.stringify(value)}\n`),
        end: () => response.end(),
        break: () => response.destroy(),
        closed: new Promise((resolve) => response.on("close", () => resolve())),
      };
    },
    break() {
      response.destroy();
    },
  };
}
