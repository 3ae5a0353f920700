/**
 * Masks the secrets of the attempt in events and lines, and knows which stage is being run, for lines that do not come
 * through Progress.
 */

import { setStageVariable } from "../../ops/attempt/operation-variables.js";
import type { Sink } from "../../ops/attempt/sink.js";
import { Masker } from "../../ops/secrets/masker.js";
import type { EventBody } from "../../protocol/event.js";
import type { LogStream } from "../../protocol/operation.js";
import type { RunWriter } from "./run-writer.js";
import type { TraceVariable } from "./trace-variable.js";

export class StageSink implements Sink {
  readonly masker = new Masker();
  readonly #open: Array<{ stage: string; seq: number }> = [];
  /** Called before a stage is entered or left, so that earlier output is logged under the stage it belongs to. */
  onStage: () => void = () => {};

  constructor(
    private readonly sink: RunWriter,
    private readonly trace: TraceVariable | null = null,
  ) {}

  get stage(): string | null {
    return this.#open.at(-1)?.stage ?? null;
  }

  event(body: EventBody, durable: boolean): void {
    const isStage = body.type === "stage:entered" || body.type === "stage:left";
    if (isStage) this.onStage();
    this.sink.event(this.masker.maskEvent(body), durable);
    if (body.type === "stage:entered") this.#open.push({ stage: body.stage, seq: this.sink.lastSeq });
    if (body.type === "stage:left") {
      const index = this.#open.findLastIndex(({ stage }) => stage === body.stage);
      if (index !== -1) this.#open.splice(index, 1);
    }
    if (!isStage) return;
    setStageVariable(this.stage);
    this.trace?.set(this.#open.at(-1)?.seq ?? null);
  }

  line(stream: LogStream, stage: string | null, text: string): void {
    this.sink.line(stream, stage, this.masker.mask(text));
  }

  outputLine(stream: LogStream, text: string, end: number): void {
    this.sink.outputLine(stream, this.stage, this.masker.mask(text), end);
  }
}
