/** `--memory-max`, `--cpu-max` and `--pids-max`. */
import { UsageError } from "../../../protocol/failures.js";
import {
  LIMIT_NAMES,
  type LimitName,
  limitProblem,
  parseSize,
  type ResourceLimits,
} from "../../../protocol/resource-limits.js";
import type { SubmitOption } from "./option.js";

export type LimitOptions = Partial<Record<LimitName, string>>;

const FLAGS = { memoryMax: "--memory-max", cpuMax: "--cpu-max", pidsMax: "--pids-max" } as const;

export const LIMITS: SubmitOption<LimitOptions> = {
  add(command, form) {
    if (form !== "submit") return;
    command
      .option(
        "--memory-max <size>",
        "Limit the memory of the operation and its processes, such as 512M or 2G",
      )
      .option(
        "--cpu-max <cores>",
        "Limit the CPU use of the operation and its processes, in cores, such as 1.5",
      )
      .option("--pids-max <n>", "Limit the processes and threads of the operation, such as 200");
  },
  fields(given) {
    const limits: ResourceLimits = {};
    for (const name of LIMIT_NAMES) {
      const text = given[name];
      if (text === undefined) continue;
      const value = name === "memoryMax" ? parseSize(text) : /\d/.test(text) ? Number(text) : null;
      const problem = limitProblem(name, value);
      const hint = name === "memoryMax" ? "give 512M, 2G or a number of bytes" : undefined;
      if (problem !== null) throw new UsageError(`${FLAGS[name]} ${problem}, not '${text}'`, hint);
      limits[name] = value as number;
    }
    return limits;
  },
};
