/** Sends what was typed to the daemon, with the caller's directory, environment and a key for sending it again. */
import type { Client } from "../../../protocol/client/client.js";
import { UsageError } from "../../../protocol/command/failures.js";
import type { Operation } from "../../../protocol/operation.js";
import { limitProblem, parseSize, type ResourceLimits } from "../../../protocol/resource-limits.js";
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

/** @throws UsageError where one is not valid */
function givenLimits({ memoryMax, cpuMax, pidsMax }: SubmitOptions): ResourceLimits {
  const limits: ResourceLimits = {};
  if (memoryMax !== undefined) {
    const bytes = parseSize(memoryMax);
    if (bytes === null)
      throw new UsageError(
        `--memory-max: '${memoryMax}' is not a valid size`,
        "write 512M, 2G or a number of bytes",
      );
    limits.memoryMax = bytes;
  }
  if (cpuMax !== undefined) limits.cpuMax = numberOf(cpuMax);
  if (pidsMax !== undefined) limits.pidsMax = numberOf(pidsMax);
  const flags = { memoryMax: "--memory-max", cpuMax: "--cpu-max", pidsMax: "--pids-max" } as const;
  for (const [name, flag] of Object.entries(flags) as Array<[keyof typeof flags, string]>) {
    const value = limits[name];
    const problem = value === undefined ? null : limitProblem(name, value);
    if (problem !== null) throw new UsageError(`${flag} ${problem}, not ${value}`);
  }
  return limits;
}

function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}
