/**
 * Measures the resources of one attempt: adds up its processes every 2 s, from its start or its adoption.
 *
 * The CPU time and I/O of a process that has ended are part of its parent's, if the parent waited for it. Those of any
 * other ended process are kept here, so that a total never falls.
 */
import { difference, greaterOf, type ProcessUsage, usageOf } from "../../ops/attempt/usage.js";
import type { UsedBefore } from "../../protocol/event.js";
import type { Resources, Usage } from "../../protocol/operation.js";
import { StepUsage } from "./step-usage.js";

/** Time between two measures, in ms. */
export const SAMPLE_MS = 2000;

const NOTHING: UsedBefore = { cpuSeconds: 0, readBytes: 0, writtenBytes: 0 };

export class ResourceSampler {
  resources: Resources | null = null;
  usage: Usage | null = null;
  /** What the worker had used before the attempt, which counts for an earlier one. */
  #before: UsedBefore = NOTHING;
  /** Usage of processes that ended and that nothing waited for. */
  #ended: UsedBefore = NOTHING;
  #last: UsedBefore | null = null;
  readonly #steps = new StepUsage();
  /** By the monotonic clock, in ms. */
  #measuredAt: number;

  /** @param isAdopted the attempt began under another daemon, so its start is not that of the sampler */
  constructor(
    private readonly isAdopted: boolean,
    private readonly now: () => number = () => performance.now(),
    private readonly measure: (pid: number) => ProcessUsage | null = usageOf,
  ) {
    this.#measuredAt = now();
  }

  /** The worker has accepted the attempt. */
  accepted(before: UsedBefore | null | undefined): void {
    this.#before = before ?? NOTHING;
  }

  /** The attempt has ended; what its worker measured itself adds to the samples. */
  finished(byWorker: Resources | null): void {
    this.resources = greaterOf(this.resources, byWorker);
    this.usage = null;
  }

  /**
   * Measures if it is time. Returns whether the values changed.
   *
   * @param hasSteps - whether steps of a stage are active
   */
  look(pids: () => readonly number[], hasSteps = false): boolean {
    const now = this.now();
    const seconds = (now - this.#measuredAt) / 1000;
    if (seconds * 1000 < SAMPLE_MS) return false;
    this.#measuredAt = now;
    const processes = new Map<number, ProcessUsage>();
    for (const pid of pids()) {
      const usage = this.measure(pid);
      if (usage !== null) processes.set(pid, usage);
    }
    const measured = [...processes.values()];
    if (measured.length === 0) return false;
    const sum = (key: keyof ProcessUsage) => measured.reduce((total, each) => total + each[key], 0);
    const total = this.#monotonic({
      cpuSeconds: sum("cpuSeconds"),
      readBytes: sum("readBytes"),
      writtenBytes: sum("writtenBytes"),
    });
    const rssBytes = sum("rssBytes");
    const used = { ...difference(total, this.#before), maxRssBytes: rssBytes };
    const cpuBefore = this.resources?.cpuSeconds ?? null;
    this.resources = greaterOf(this.resources, used);
    const isFirst = cpuBefore === null;
    const cpu = isFirst && this.isAdopted ? 0 : Math.max(0, used.cpuSeconds - (cpuBefore ?? 0)) / seconds;
    const steps = hasSteps ? this.#steps.look(processes, seconds) : undefined;
    const use = { cpu: Math.round(cpu * 100) / 100, rssBytes, processes: measured.length };
    this.usage = { ...use, ...(steps && { steps }) };
    return true;
  }

  #monotonic(now: UsedBefore): UsedBefore {
    const last = this.#last ?? now;
    const lost = (key: keyof UsedBefore) => this.#ended[key] + Math.max(0, last[key] - now[key]);
    this.#ended = {
      cpuSeconds: lost("cpuSeconds"),
      readBytes: lost("readBytes"),
      writtenBytes: lost("writtenBytes"),
    };
    this.#last = now;
    return {
      cpuSeconds: now.cpuSeconds + this.#ended.cpuSeconds,
      readBytes: now.readBytes + this.#ended.readBytes,
      writtenBytes: now.writtenBytes + this.#ended.writtenBytes,
    };
  }
}
