/**
 * Measures the resources of one attempt: adds up its processes every 2 s, from its start or its
 * adoption.
 *
 * The CPU time and I/O of a process that has ended are part of its parent's, if the parent waited
 * for it. Those of any other ended process are kept here, so that a total never falls.
 */
import { difference, greaterOf, type ProcessUsage, usageOf } from "../../ops/attempt/usage.js";
import { environmentOf } from "../../ops/programs/proc.js";
import type { UsedBefore } from "../../protocol/event.js";
import type { Resources, Usage } from "../../protocol/operation.js";

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

  /**
   * @param isAdopted the attempt began under another daemon, so its start is not that of the
   * sampler
   */
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
    const cpu =
      isFirst && this.isAdopted ? 0 : Math.max(0, used.cpuSeconds - (cpuBefore ?? 0)) / seconds;
    const steps = hasSteps ? this.#steps.look(processes, seconds) : undefined;
    const use = { cpu: Math.round(cpu * 100) / 100, rssBytes, processes: measured.length };
    this.usage = { ...use, steps };
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

const VARIABLE = "LIVEOPS_STEP=";

/** Null: the process is of no step, has ended, or belongs to another user. */
function stepOfProcess(pid: number): string | null {
  return (
    environmentOf(pid)
      .find((variable) => variable.startsWith(VARIABLE))
      ?.slice(VARIABLE.length) ?? null
  );
}

/**
 * What the programs of each active step use: their processes have its name in the environment. A
 * step without a program runs in the worker's process beside the others, so its use cannot be told
 * apart.
 */
export class StepUsage {
  /** The steps of processes; a process without one may get it when it runs its program. */
  readonly #steps = new Map<number, string>();
  /** CPU time of the processes of a step at the last look. */
  #before = new Map<string, number>();

  constructor(private readonly stepOf: (pid: number) => string | null = stepOfProcess) {}

  /**
   * @param processes - of the attempt, by pid
   * @param seconds - since the last look
   */
  look(processes: ReadonlyMap<number, ProcessUsage>, seconds: number): Usage["steps"] {
    const uses = new Map<string, { cpuSeconds: number; rssBytes: number; processes: number }>();
    for (const pid of this.#steps.keys()) if (!processes.has(pid)) this.#steps.delete(pid);
    for (const [pid, { cpuSeconds, rssBytes }] of processes) {
      const step = this.#steps.get(pid) ?? this.stepOf(pid);
      if (step === null) continue;
      this.#steps.set(pid, step);
      const use = uses.get(step) ?? { cpuSeconds: 0, rssBytes: 0, processes: 0 };
      use.cpuSeconds += cpuSeconds;
      use.rssBytes += rssBytes;
      use.processes++;
      uses.set(step, use);
    }
    const before = this.#before;
    this.#before = new Map([...uses].map(([step, { cpuSeconds }]) => [step, cpuSeconds]));
    const shown = [...uses].map(([step, { cpuSeconds, rssBytes, processes: count }]) => {
      // The time of processes that have ended is gone.
      const cpu = Math.max(0, cpuSeconds - (before.get(step) ?? 0)) / seconds;
      return [step, { cpu: Math.round(cpu * 100) / 100, rssBytes, processes: count }] as const;
    });
    return shown.length === 0 ? undefined : Object.fromEntries(shown);
  }
}
