/**
 * Runs and resumes the stages of one attempt.
 *
 * One tracked stage is active at a time. `stage:entered` is durable before the block starts, or
 * before a block that decides itself runs anything. `stage:left`, with the stage's value in a
 * resumable type, is durable before `stage` resolves.
 */
import type { ByHand, DoneByHand, EventBody, StageValue } from "../../protocol/event.js";
import { MAX_STATUS } from "../../protocol/limits.js";
import { nearest } from "../../protocol/text/nearest.js";
import type { StageOptions } from "../sdk/live-operation.js";
import type { Bar } from "./bar.js";
import type { Cancellation } from "./cancellation.js";
import { Failure, failureText, toOperationError } from "./failure.js";
import { ItemKeys } from "./item-keys.js";
import type { Meter } from "./meter.js";
import type { ItemsOwner, Sink, StageValues, Stored, ValuePlace } from "./sink.js";
import { Unrun } from "./stage-not-run.js";
import { jsonToKeep, reasonOf, type Steps } from "./steps.js";
import { stageWaitTime, type WaitTime } from "./wait-time.js";

/** A running block. */
interface Block {
  stage: string;
  /** Null: untracked. */
  index: number | null;
  bar: Bar;
}

type Left = Omit<
  Extract<EventBody, { type: "stage:left" }>,
  "type" | "stage" | "index" | "untrackedStage"
>;

/** What only the runner's own types pass. */
export interface RunnerStageOptions extends StageOptions {
  /**
   * Why the stage runs although an earlier attempt has finished it: the stored value does not
   * count.
   */
  again?: string;
  /** The value of the stage where a person has done it by hand. Default: the outputs. */
  valueByHand?(outputs: DoneByHand["outputs"]): unknown;
  /**
   * The block may throw `Unrun`. It calls `explain` before it runs anything, and only that makes
   * the begin of the stage durable: a stage that is up to date waits for no disk.
   */
  decides?: boolean;
  /** Seconds that steps of the stage did not take; asked when the block has returned. */
  saved?(): number | undefined;
}

export class Stages {
  /** The tracked stage whose block is running. */
  active: string | null = null;
  /** The steps of its block; null: there are none yet. */
  steps: Steps | null = null;
  /** Of the active stage, or of the code outside of all stages. */
  waitTime: WaitTime;
  /** The first misuse; it fails the attempt even if the operation caught the error. */
  misuse: Failure | null = null;
  /** All running blocks, tracked or not, the latest last. */
  readonly #open: Block[] = [];
  readonly #places: ReadonlyMap<string, number>;
  readonly #occurrences = new Map<string, number>();
  /**
   * Finished items of the active stage, and of the code outside of all stages; null: no loop has a
   * key yet.
   */
  #items: ItemKeys | null = null;
  #itemsOutside: ItemKeys | null = null;
  readonly #noted = new Set<string>();
  /** The attempt that finished the active stage before, although it runs again; 0: none. */
  #staleUntil = 0;

  constructor(
    private readonly declared: readonly string[],
    private readonly sink: Sink,
    private readonly meter: Meter,
    private readonly cancellation: Cancellation,
    private readonly values: StageValues | null,
  ) {
    this.waitTime = this.#newWaitTime();
    this.#places = new Map(declared.map((name, index) => [name, index]));
  }

  /** The stage of a new log line. */
  get current(): string | null {
    return this.#open.at(-1)?.stage ?? null;
  }

  /** What an earlier attempt stored of the stage, for its next run; undefined: nothing. */
  stored(name: string): Stored | undefined {
    return this.values?.load(this.#nextPlace(name));
  }

  /** Whether a person has done by hand what the next run of the stage would do. */
  isByHand(name: string, isStored: boolean): boolean {
    return this.values?.byHand(this.#nextPlace(name), isStored) !== undefined;
  }

  /**
   * Where a question is asked now. Answers before the stage was done the last time do not count for
   * its next run.
   */
  get askingPlace(): { stage: string | null; occurrence: number; staleUntil: number } {
    const { active } = this;
    if (active === null) return { stage: null, occurrence: 1, staleUntil: 0 };
    return { stage: active, occurrence: this.occurrence(active), staleUntil: this.#staleUntil };
  }

  /** The finished items of the stage that runs now. */
  get items(): ItemKeys {
    const stage = this.active;
    if (stage === null) {
      this.#itemsOutside ??= this.#itemsOf({ stage, occurrence: 1 });
      return this.#itemsOutside;
    }
    this.#items ??= this.#itemsOf({ stage, occurrence: this.occurrence(stage) });
    return this.#items;
  }

  /** How many times the attempt has entered the stage, from 1. */
  occurrence(stage: string): number {
    return this.#occurrences.get(stage) ?? 1;
  }

  /** Stores the finished items of an attempt that is over. */
  close(): void {
    this.#items?.end();
    this.#itemsOutside?.end();
  }

  /** Undefined after an allowed failure. */
  async tracked<R>(
    name: string,
    block: () => R,
    options: RunnerStageOptions = {},
  ): Promise<Awaited<R> | undefined> {
    const index = this.#places.get(name);
    if (index === undefined) {
      this.#noteNearMiss(name);
      return this.#run(name, null, block, () => null, {
        allowFailure: options.allowFailure ?? false,
      });
    }
    if (this.active !== null) throw this.#stageActive(name, this.active);
    const place = this.#takePlace(name);
    this.active = name;
    this.waitTime = this.#newWaitTime();
    try {
      const known = this.values?.load(place);
      const stored = options.again === undefined ? known : undefined;
      this.#staleUntil = known?.attempt ?? 0;
      const { valueByHand = (outputs) => outputs } = options;
      const byHand = this.values?.byHand(place, stored !== undefined);
      if (byHand !== undefined) {
        const value = valueByHand(byHand.outputs);
        const kept = this.#keep(place, value, byHand);
        return this.#resume(name, index, { value, attempt: 0, byHand }, kept) as Awaited<R>;
      }
      if (stored !== undefined) return this.#resume(name, index, stored) as Awaited<R>;
      return await this.#run(name, index, block, (value) => this.#keep(place, value), options);
    } finally {
      this.active = null;
      this.#items = null;
      this.steps = null;
      this.waitTime = this.#newWaitTime();
    }
  }

  /** Records the stage as skipped. Nothing is stored, so a later attempt decides anew. */
  skip(name: string, reason: string): void {
    const index = this.#places.get(name) ?? null;
    if (index === null) this.#noteNearMiss(name);
    else {
      if (this.active !== null) throw this.#stageActive(name, this.active);
      this.#takePlace(name);
    }
    this.#leave(this.#enter(name, index), { state: "skipped", resumed: false, seconds: 0, reason });
  }

  untracked<R>(name: string, block: () => R): Promise<Awaited<R>> {
    return this.#run(name, null, block, () => null, {}) as Promise<Awaited<R>>;
  }

  async #run<R>(
    stage: string,
    index: number | null,
    block: () => R,
    keep: (value: unknown) => StageValue | null,
    { allowFailure = false, again, decides = false, saved }: RunnerStageOptions,
  ): Promise<Awaited<R> | undefined> {
    const open = this.#enter(stage, index, !decides);
    // A block that decides itself explains itself.
    const reason = decides ? undefined : again;
    if (reason !== undefined) this.sink.line("liveops", stage, `runs again: ${reason}`);
    const start = this.meter.clock.now();
    const { waitTime } = this;
    const waitedBefore = waitTime.ms;
    const leave = (left: Pick<Left, "state" | "value" | "error" | "saved">) => {
      const items = index === null ? null : this.#items;
      if (left.state !== "done") items?.end();
      this.meter.flush();
      const seconds =
        Math.round(this.meter.clock.now() - start - (waitTime.ms - waitedBefore)) / 1000;
      this.#leave(open, { ...left, resumed: false, seconds, reason });
      // The stored value takes their place.
      if (left.state === "done") items?.discard();
    };
    let value: Awaited<R>;
    // The sync of the event may have taken long.
    this.cancellation.checkLease?.();
    try {
      value = await block();
      if (index !== null) this.steps?.checkEnded();
    } catch (thrown) {
      if (thrown instanceof Unrun) {
        const seconds = Math.round(this.meter.clock.now() - start) / 1000;
        const why = this.sink.masker.mask(thrown.end.reason).slice(0, MAX_STATUS);
        this.#leave(open, { ...thrown.end, reason: why, resumed: false, seconds }, false);
        return undefined;
      }
      if (index !== null) this.steps?.abandon();
      const isCancelled = this.cancellation.explains(thrown);
      // After a stop request the operation must end, so the error goes on.
      if (!allowFailure || isCancelled || this.cancellation.stopped) {
        leave({ state: isCancelled ? "cancelled" : "failed" });
        throw thrown;
      }
      const error = toOperationError(thrown, this.sink.masker);
      this.sink.line("liveops", stage, failureText(stage, error, thrown));
      leave({ state: "allowed-failure", error });
      return undefined;
    }
    let kept: StageValue | null;
    try {
      kept = keep(value);
    } catch (thrown) {
      leave({ state: "failed" });
      throw thrown;
    }
    const seconds = saved?.();
    leave({
      state: "done",
      value: kept ?? undefined,
      saved: seconds,
    });
    return value;
  }

  #newWaitTime(): WaitTime {
    const waitTime: WaitTime = stageWaitTime(this.meter.clock, (waits, seconds) => {
      const stage = this.active;
      if (stage === null || this.waitTime !== waitTime) return;
      this.sink.event({ type: "stage:waits", stage, waits, seconds }, false);
    });
    return waitTime;
  }

  #itemsOf(owner: ItemsOwner): ItemKeys {
    const store = this.values?.items(owner) ?? null;
    return new ItemKeys(
      store,
      (text) => this.sink.line("liveops", this.current, text),
      this.meter.clock,
    );
  }

  #takePlace(stage: string): ValuePlace {
    const place = this.#nextPlace(stage);
    this.#occurrences.set(stage, place.occurrence);
    return place;
  }

  #nextPlace(stage: string): ValuePlace {
    return { stage, occurrence: (this.#occurrences.get(stage) ?? 0) + 1 };
  }

  #enter(stage: string, index: number | null, isDurable = index !== null): Block {
    this.meter.flush();
    this.sink.event({ type: "stage:entered", stage, index }, isDurable && index !== null);
    const block = { stage, index, bar: this.meter.enter() };
    this.#open.push(block);
    return block;
  }

  #leave(block: Block, left: Left, isDurable = block.index !== null): void {
    this.#open.splice(this.#open.indexOf(block), 1);
    const { stage, index, bar } = block;
    const isTracked = index !== null;
    const now = this.#open.at(-1);
    const untracked = now?.index === null ? { untrackedStage: now.stage } : null;
    this.sink.event({ type: "stage:left", stage, index, ...left, ...untracked }, isDurable);
    // The same condition as in the reducer.
    this.meter.leave(bar, isTracked, !isTracked || untracked !== null);
  }

  #resume(stage: string, index: number, stored: Stored, kept: StageValue | null = null): unknown {
    const end = { state: "done", resumed: true, seconds: 0, reason: reasonOf(stored) } as const;
    this.#leave(this.#enter(stage, index), { ...end, value: kept ?? undefined });
    return stored.value;
  }

  #keep(place: ValuePlace, value: unknown, byHand?: ByHand): StageValue | null {
    if (this.values === null) return null;
    const json = jsonToKeep(`stage "${place.stage}"`, value);
    return this.values.keep(place, json, value, byHand);
  }

  #stageActive(name: string, active: string): Failure {
    const failure = new Failure(
      "LIVEOPS_STAGE_ACTIVE",
      `stage "${name}" started while "${active}" was active: only one stage may be active; await p.stage("${active}", …) first`,
    );
    this.misuse ??= failure;
    return failure;
  }

  #noteNearMiss(name: string): void {
    if (this.#noted.has(name)) return;
    this.#noted.add(name);
    const near = nearest(name, this.declared, 1)[0];
    if (near === undefined) return;
    const text = `"${name}" is not one of the stages and runs untracked. Did you mean "${near}"?`;
    this.sink.line("liveops", this.current, text);
  }
}
