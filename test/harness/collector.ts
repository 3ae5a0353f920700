/** A collector of OpenTelemetry traces: takes OTLP/HTTP with JSON on a port of its own, and keeps the spans. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

type Value = { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean } & {
  arrayValue?: { values: Value[] };
};

interface KeyValue {
  key: string;
  value: Value;
}

interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  events: Array<{ name: string; timeUnixNano: string; attributes: KeyValue[] }>;
  links: Array<{ traceId: string; spanId: string; attributes: KeyValue[] }>;
  status: { code: number; message?: string };
}

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentId: string | null;
  name: string;
  /** In ms since 1970. */
  from: number;
  to: number;
  attributes: Record<string, unknown>;
  events: Array<{ name: string; attributes: Record<string, unknown> }>;
  links: Array<{ traceId: string; spanId: string; kind: unknown }>;
  status: "unset" | "ok" | "error";
  message: string | undefined;
  resource: Record<string, unknown>;
}

export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: Array<{ path: string; headers: IncomingHttpHeaders }> = [];
  /** What a request gets: 200, another status, or no reply at all. */
  answer: number | "silence" = 200;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      this.requests.push({ path: request.url!, headers: request.headers });
      if (this.answer === "silence") return;
      if (this.answer === 200) this.#take(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(this.answer, { "content-type": "application/json" }).end("{}");
    });
  }

  /** @param port 0: a free one */
  static async start(port = 0): Promise<Collector> {
    const collector = new Collector();
    collector.#server.listen(port, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  of(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #take({
    resourceSpans,
  }: {
    resourceSpans: Array<{ resource: { attributes: KeyValue[] }; scopeSpans: Array<{ spans: WireSpan[] }> }>;
  }): void {
    for (const { resource, scopeSpans } of resourceSpans)
      for (const span of scopeSpans.flatMap(({ spans }) => spans))
        this.spans.push(received(span, object(resource.attributes)));
  }
}

function received(span: WireSpan, resource: Record<string, unknown>): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, attributes, events, links, status } = span;
  return {
    traceId,
    spanId,
    parentId: parentSpanId ?? null,
    name,
    resource,
    from: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
    to: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
    attributes: object(attributes),
    events: events.map((event) => ({ name: event.name, attributes: object(event.attributes) })),
    links: links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      kind: object(link.attributes)["liveops.link.kind"],
    })),
    status: (["unset", "ok", "error"] as const)[status.code]!,
    message: status.message,
  };
}

function object(pairs: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]));
}

function plain({ arrayValue, ...value }: Value): unknown {
  return arrayValue ? arrayValue.values.map(plain) : Object.values(value)[0];
}
