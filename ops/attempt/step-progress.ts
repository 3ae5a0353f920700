/**
 * Implements `StepProgress`, the `s` of one step: as `p`, with a bar, a status and a name in the
 * log of its own.
 */
import { MAX_STEP_TEXT } from "../../protocol/limits.js";
import type { StepProgress } from "../sdk/live-operation.js";
import type { Cancellation } from "./cancellation.js";
import type { ChildPlace } from "./children.js";
import type { StepPlace } from "./current-step.js";
import { Failure } from "./failure.js";
import { ItemKeys } from "./item-keys.js";
import { Meter } from "./meter.js";
import { type AttemptParts, Reports, until } from "./reports.js";
import type { Sink, StageValues } from "./sink.js";
import type { WaitTime } from "./wait-time.js";

export class RunningStep extends Reports implements StepProgress {
  readonly name: string;
  #items: ItemKeys | null = null;
  readonly #waitTime: WaitTime;

  /** @param interval - ms between two values of its bar */
  constructor(
    private readonly at: StepPlace,
    parts: AttemptParts & { sink: Sink; meter: Meter },
    cancellation: Cancellation,
    private readonly values: StageValues | null,
    interval: () => number,
    ofStage: WaitTime,
  ) {
    const over = new AbortController();
    const sink = until(over.signal, parts.sink);
    const { step } = at;
    const meter = new Meter(
      (percent, progress) => {
        const label = progress?.label?.slice(0, MAX_STEP_TEXT) ?? null;
        const bar = progress === null ? null : { ...progress, label };
        sink.event({ type: "progress:changed", step, percent, progress: bar }, false);
        // The bar of the stage is made of those of its steps.
        parts.meter.touch(parts.meter.clock.now());
      },
      ({ text, level }) => {
        const status = { text: text.slice(0, MAX_STEP_TEXT), level };
        sink.event({ type: "status:changed", step, status }, false);
      },
      parts.meter.clock,
      interval,
    );
    super({ ...parts, sink, meter, cancellation, over });
    this.name = step;
    this.#waitTime = ofStage.part();
  }

  /** From 0 to 100. */
  get done(): number {
    return this.parts.meter.current;
  }

  protected place(): { stage: string; step: string } {
    const { stage, step } = this.at;
    return { stage, step };
  }

  protected childPlace(): Omit<ChildPlace, "call"> {
    return this.at;
  }

  waitTime(): WaitTime {
    return this.#waitTime;
  }

  protected items(): ItemKeys {
    const { stage, step } = this.at;
    const note = (text: string) => this.parts.sink.line("liveops", stage, text, step);
    this.#items ??= new ItemKeys(this.values?.items(this.at) ?? null, note, this.clock);
    return this.#items;
  }

  /** @throws Failure if a program of the step is still running */
  checkEnded(): void {
    const { running } = this;
    if (running !== null)
      throw new Failure(
        "LIVEOPS_STAGE_ACTIVE",
        `step "${this.name}" returned while ${running.name} was running, and it was stopped: await s.${running.call}`,
      );
  }

  /** The code of the step has ended. Call before its end is recorded. */
  close(): void {
    this.#items?.end();
    this.end();
  }

  /** The end is recorded, with the value that takes the place of the items. */
  discardItems(): void {
    this.#items?.discard();
  }
}
