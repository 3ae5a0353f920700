/** An HTTP server that takes messages, and may fail or redirect. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Posted {
  path: string;
  text: string;
}

/** What the server does with a request. */
type Answer = { status: number; headers?: Record<string, string>; body?: string };

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
        text: Buffer.concat(chunks).toString(),
      });
      const { answer } = this;
      response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
    });
  }

  static async start(): Promise<HttpSink> {
    const sink = new HttpSink();
    await once(sink.#server.listen(0, "127.0.0.1"), "listening");
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
