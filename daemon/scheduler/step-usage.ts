/**
 * What the programs of each active step use: their processes have its name in the environment. A step without a program
 * runs in the worker's process beside the others, so its use cannot be told apart.
 */
import type { ProcessUsage } from "../../ops/attempt/usage.js";
import { textOf } from "../../ops/programs/proc.js";
import type { Usage } from "../../protocol/operation.js";

const VARIABLE = "LIVEOPS_STEP=";

/** Null: the process is of no step, has ended, or belongs to another user. */
function stepOfProcess(pid: number): string | null {
  const variables = textOf(`/proc/${pid}/environ`, "utf8")?.split("\0") ?? [];
  return variables.find((variable) => variable.startsWith(VARIABLE))?.slice(VARIABLE.length) ?? null;
}

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
