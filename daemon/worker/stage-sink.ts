/** Passes events and lines on and knows which stage is being run, for lines that do not come through Progress. */

import { Masker } from "../../ops/runner/masker.js";
import { setStageVariable } from "../../ops/runner/operation-variables.js";
import type { Sink } from "../../ops/runner/sink.js";
import type { EventBody } from "../../protocol/event.js";
import type { LogStream } from "../../protocol/operation.js";
import type { RunSink } from "./run-sink.js";

export class StageSink implements Sink {
  readonly masker = new Masker();
  readonly #open: string[] = [];
  /** Called before a stage is entered or left, so that earlier output is logged under the stage it belongs to. */
  onStage: () => void = () => {};

  constructor(private readonly sink: RunSink) {}

  get stage(): string | null {
    return this.#open.at(-1) ?? null;
  }

  event(body: EventBody, durable: boolean): void {
    const isStage = body.type === "stage:entered" || body.type === "stage:left";
    if (isStage) this.onStage();
    this.sink.event(body, durable);
    if (body.type === "stage:entered") this.#open.push(body.stage);
    if (body.type === "stage:left") {
      const index = this.#open.lastIndexOf(body.stage);
      if (index !== -1) this.#open.splice(index, 1);
    }
    if (isStage) setStageVariable(this.stage);
  }

  line(stream: LogStream, stage: string | null, text: string): void {
    this.sink.line(stream, stage, this.masker.maskLine(text));
  }

  outputLine(stream: LogStream, text: string, end: number): void {
    this.sink.outputLine(stream, this.stage, this.masker.maskLine(text), end);
  }
}
