/**
 * The one writer of an attempt: masks what is reported, knows the running stage, and appends. The
 * worker appends to two files, `liveops run` to its screen; both number events and lines in one
 * sequence.
 */
import type { EventBody } from "../../protocol/event.js";
import type { LogStream } from "../../protocol/operation.js";
import { Masker } from "../secrets/masker.js";
import type { Sink } from "./sink.js";

export abstract class AttemptWriter implements Sink {
  readonly masker = new Masker();
  /**
   * Called before a stage is entered or left, so that earlier output is logged under the stage it
   * belongs to.
   */
  beforeStage: () => void = () => {};
  /** Called with the name of the stage that runs after a change; null: none. */
  onStage: (stage: string | null) => void = () => {};
  readonly #open: string[] = [];

  /** The stage of lines that do not come through Progress. */
  get stage(): string | null {
    return this.#open.at(-1) ?? null;
  }

  event(body: EventBody, durable: boolean): void {
    const isStage = body.type === "stage:entered" || body.type === "stage:left";
    if (isStage) this.beforeStage();
    this.append(this.masker.maskEvent(body), durable);
    if (!isStage) return;
    if (body.type === "stage:entered") this.#open.push(body.stage);
    else {
      const index = this.#open.lastIndexOf(body.stage);
      if (index !== -1) this.#open.splice(index, 1);
    }
    this.onStage(this.stage);
  }

  line(stream: LogStream, stage: string | null, text: string, step?: string): void {
    this.appendLines(stream, stage, this.masker.mask(text).split(/\r?\n/), step);
  }

  /** @param end - how far the worker's own output file was read, so that no line is read twice */
  outputLines(
    stream: LogStream,
    stage: string | null,
    texts: readonly string[],
    step?: string,
    end?: number,
  ): void {
    this.appendLines(stream, stage, this.masker.maskLines(texts), step, end);
  }

  /** Call before the next attempt of the same writer. */
  protected leaveStages(): void {
    this.#open.length = 0;
  }

  protected abstract append(body: EventBody, durable: boolean): void;

  protected abstract appendLines(
    stream: LogStream,
    stage: string | null,
    texts: readonly string[],
    step?: string,
    end?: number,
  ): void;
}
