/** Servers that take notices, on ports of their own: HTTP, which may fail, hang or redirect, and SMTP. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

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

export interface ReceivedMail {
  from: string;
  to: string[];
  text: string;
  user: string | undefined;
  isEncrypted: boolean;
}

export class SmtpSink {
  readonly mails: ReceivedMail[] = [];

  private constructor(
    readonly server: SMTPServer,
    readonly port: number,
  ) {}

  static async start(options: SMTPServerOptions = {}): Promise<SmtpSink> {
    const server: SMTPServer = new SMTPServer({
      authOptional: true,
      onData: async (stream, session, done) => {
        const chunks: Buffer[] = [];
        for await (const chunk of stream) chunks.push(chunk as Buffer);
        const { mailFrom, rcptTo } = session.envelope;
        sink.mails.push({
          from: mailFrom === false ? "" : (mailFrom?.address ?? ""),
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
          user: session.user as string | undefined,
          isEncrypted: session.secure,
        });
        done();
      },
      ...options,
    });
    // A client that leaves is no error of the test.
    server.on("error", () => {});
    const listening = server.listen(0, "127.0.0.1");
    await once(listening, "listening");
    const sink = new SmtpSink(server, (listening.address() as AddressInfo).port);
    return sink;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }
}
