/** `--limits`: memory, CPU and processes of the operation. */
import { UsageError } from "../../../protocol/failures.js";
import {
  LIMIT_NAMES,
  limitProblem,
  parseSize,
  type ResourceLimits,
} from "../../../protocol/resource-limits.js";
import { namedValues, type SubmitOption } from "./option.js";

export interface LimitOptions {
  limits?: string[];
}

export const LIMITS: SubmitOption<LimitOptions> = {
  add(command, form) {
    if (form !== "submit") return;
    command.option(
      "--limits <name=value,...>",
      "Limit the operation and its processes: memoryMax=2G,cpuMax=1.5,pidsMax=200, or some of these",
      (list: string, before: string[] = []) => [...before, ...list.split(",")],
    );
  },
  fields({ limits: list }) {
    const limits: ResourceLimits = {};
    const words = (list ?? []).map((word) => word.trim());
    for (const [name, text] of namedValues("--limits name=value", words, LIMIT_NAMES)) {
      const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
      const value = name === "memoryMax" ? parseSize(text) : number;
      const problem = limitProblem(name, value);
      if (problem !== null)
        throw new UsageError(
          `--limits ${name} ${problem}, not '${text}'`,
          "such as --limits memoryMax=512M,cpuMax=1.5,pidsMax=200",
        );
      limits[name] = value as number;
    }
    return limits;
  },
};
