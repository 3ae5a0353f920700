/** `--limits`: memory, CPU and processes of the operation. */
import { UsageError } from "../../../protocol/failures.js";
import {
  LIMIT_NAMES,
  limitProblem,
  parseSize,
  type ResourceLimits,
} from "../../../protocol/resource-limits.js";
import { namedValue, type SubmitOption } from "./option.js";

export interface LimitOptions {
  limits?: string;
}

export const LIMITS: SubmitOption<LimitOptions> = {
  add(command, form) {
    if (form !== "submit") return;
    command.option(
      "--limits <name=value,...>",
      "Limit the operation and its processes: memoryMax=2G,cpuMax=1.5,pidsMax=200, or some of these",
    );
  },
  fields({ limits: list }) {
    const limits: ResourceLimits = {};
    for (const word of list?.split(",") ?? []) {
      const [name, text] = namedValue("--limits", word, LIMIT_NAMES);
      const number = /\d/.test(text) ? Number(text) : null;
      const value = name === "memoryMax" ? parseSize(text) : number;
      const problem = limitProblem(name, value);
      const hint = name === "memoryMax" ? "give 512M, 2G or a number of bytes" : undefined;
      if (problem !== null) throw new UsageError(`--limits ${name} ${problem}, not '${text}'`, hint);
      limits[name] = value as number;
    }
    return limits;
  },
};
