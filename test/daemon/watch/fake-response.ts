/** A slow reader of a watch stream: accepts a number of writes, then none until it drains. */
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { WatchLine } from "../../../protocol/watch.js";

export class FakeResponse extends EventEmitter {
  /** Whole lines, as a client would parse them. */
  readonly lines: WatchLine[] = [];
  /** Writes that came although the stream had not drained. */
  violations = 0;
  ended = false;
  #full = false;
  #taken = 0;

  /** @param room writes taken before it is full */
  constructor(private readonly room = Number.POSITIVE_INFINITY) {
    super();
  }

  get full(): boolean {
    return this.#full;
  }

  write(text: string): boolean {
    if (this.#full) this.violations++;
    for (const line of text.split("\n")) if (line !== "") this.lines.push(JSON.parse(line));
    if (++this.#taken >= this.room) this.#full = true;
    return !this.#full;
  }

  end(): void {
    this.ended = true;
    this.emit("close");
  }

  drain(): void {
    this.#full = false;
    this.#taken = 0;
    this.emit("drain");
  }

  asResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  of<T extends WatchLine["type"]>(type: T): Array<Extract<WatchLine, { type: T }>> {
    return this.lines.filter((line) => line.type === type) as never;
  }
}
