/** Sends what was typed to the daemon, with the caller's directory, environment and a key for sending it again. */
import type { Client } from "../../../protocol/client/client.js";
import { UsageError } from "../../../protocol/command/failures.js";
import type { Operation } from "../../../protocol/operation.js";
import {
  LIMIT_NAMES,
  limitProblem,
  parseSize,
  type ResourceLimits,
} from "../../../protocol/resource-limits.js";
import { currentDirectory } from "../current-directory.js";
import { givenLabel } from "../given-label.js";
import { givenParams } from "../given-params.js";
import { withTrailing } from "../trailing.js";
import { capturedEnv } from "./captured-env.js";
import { newKey } from "./idempotency-key.js";
import type { SubmitOptions, SubmitWords } from "./words.js";

export function post(client: Client, { op, set, trailing, options }: SubmitWords): Promise<Operation> {
  const params = givenParams(options.params);
  const label = givenLabel(options.label);
  return client.submit(
    {
      op,
      ...(params && { params }),
      set: withTrailing(set, trailing),
      ...(label !== undefined && { label }),
      ...givenLimits(options),
      cwd: currentDirectory("submit"),
      env: capturedEnv(),
    },
    newKey(),
  );
}

const LIMIT_FLAGS = { memoryMax: "--memory-max", cpuMax: "--cpu-max", pidsMax: "--pids-max" } as const;

/** @throws UsageError where one is not valid */
function givenLimits(options: SubmitOptions): ResourceLimits {
  const limits: ResourceLimits = {};
  for (const name of LIMIT_NAMES) {
    const text = options[name];
    if (text === undefined) continue;
    const value = name === "memoryMax" ? parseSize(text) : /\d/.test(text) ? Number(text) : null;
    const problem = limitProblem(name, value);
    const hint = name === "memoryMax" ? "write it as 512M, 2G or a number of bytes" : undefined;
    if (problem !== null) throw new UsageError(`${LIMIT_FLAGS[name]} ${problem}, not '${text}'`, hint);
    limits[name] = value as number;
  }
  return limits;
}
