/** An array as a sink, and orders and stops, for tests of `runAttempt`. */

import type { Order, Sink, StopControl } from "../../../ops/attempt/sink.js";
import { Masker } from "../../../ops/secrets/masker.js";
import type { EventBody, StopReason } from "../../../protocol/event.js";
import type { LogStream } from "../../../protocol/operation.js";

export interface Line {
  stream: LogStream;
  stage: string | null;
  text: string;
}

export class ArraySink implements Sink {
  readonly masker = new Masker();
  readonly events: Array<EventBody & { durable: boolean }> = [];
  readonly lines: Line[] = [];
  /** Events and lines in the order they came. */
  readonly all: string[] = [];

  event(body: EventBody, durable: boolean): void {
    this.events.push({ ...body, durable });
    this.all.push(body.type);
  }

  line(stream: LogStream, stage: string | null, text: string): void {
    this.lines.push({ stream, stage, text });
    this.all.push(text);
  }

  outputLines(stream: LogStream, stage: string | null, texts: readonly string[]): void {
    for (const text of texts) this.line(stream, stage, text);
  }

  of<T extends EventBody["type"]>(
    type: T,
  ): Array<Extract<EventBody, { type: T }> & { durable: boolean }> {
    return this.events.filter((event) => event.type === type) as never;
  }
}

export function anOrder(over: Partial<Order> = {}): Order {
  return {
    id: "abc123def456",
    op: "test",
    attempt: 1,
    params: {},
    title: "Test",
    label: null,
    stages: [],
    cwd: "/",
    env: {},
    chain: { id: "abc123def456", index: 0, previous: null, next: null },
    seq: 2,
    logLines: 0,
    slot: 1,
    ...over,
  };
}

/** A stop that only `poll` can see, as a busy loop must; and one that comes as an event. */
export class TestStop implements StopControl {
  readonly #abort = new AbortController();
  polled: StopReason | null = null;
  polls = 0;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  poll(): StopReason | null {
    this.polls++;
    return this.polled;
  }

  abort(reason: StopReason): void {
    this.#abort.abort(reason);
  }
}
