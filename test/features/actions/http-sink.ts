/** An HTTP server that takes messages, and may fail, hang or redirect. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Posted {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

/** What the server does with a request. */
export type Answer = { status: number; headers?: Record<string, string>; body?: string } | "silence" | "slow";

export class HttpSink {
  readonly posted: Posted[] = [];
  answer: Answer = { status: 200 };
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      this.posted.push({
        path: request.url!,
        headers: request.headers,
        text: Buffer.concat(chunks).toString(),
      });
      const { answer } = this;
      if (answer === "silence") return;
      // Headers, and a body without an end.
      if (answer === "slow") return void response.writeHead(500).write("wait");
      response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
    });
  }

  static async start(port = 0): Promise<HttpSink> {
    const sink = new HttpSink();
    await once(sink.#server.listen(port, "127.0.0.1"), "listening");
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The bodies of the requests to a path, read as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it sent
  bodies(path: string): any[] {
    return this.posted.filter((each) => each.path === path).map(({ text }) => JSON.parse(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
