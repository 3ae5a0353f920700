/** Where and when an operation runs: `--queue`, `--priority`, `--after`, `--after-any`, `--in` and `--at`. */
import { type Command, Option } from "commander";
import { UsageError } from "../../protocol/command/failures.js";
import { parseDuration } from "../../protocol/duration.js";
import type { SubmitBody } from "../../protocol/requests.js";
import { formatLocalTime, parseLocalTime, TIME_FORMS } from "../terminal/local-time.js";

export interface PlacementOptions {
  queue?: string;
  priority?: string;
  after?: string[];
  afterAny?: string[];
  in?: string;
  at?: string;
}

type Placement = Pick<SubmitBody, "queue" | "priority" | "after" | "afterAny" | "notBefore">;

/** Adds `--queue` and `--priority`. @param otherwise - the default of both, for the help */
export function addQueueOptions(command: Command, otherwise?: string): Command {
  const shared = otherwise === undefined ? "" : ` (default: ${otherwise})`;
  return command
    .option("--queue <name>", `Queue of the operation; liveops queue lists the queues${shared}`)
    .option("--priority <n>", `Higher first in its queue${shared}`);
}

/** Adds `--after`, `--after-any`, `--in` and `--at`. */
export function addWaitOptions(command: Command): Command {
  const ids = (text: string, before: string[] = []) => [...before, ...text.split(",").filter(Boolean)];
  command
    .option("--after <ids>", "Start when these operations and their chains have succeeded (repeatable)", ids)
    .option(
      "--after-any <ids>",
      "Start when these operations and their chains have finished (repeatable)",
      ids,
    );
  return addTimeOptions(command);
}

/** Adds `--in` and `--at`. */
export function addTimeOptions(command: Command): Command {
  return command
    .option("--in <duration>", "Start after this time: 30s, 10m, 2h")
    .addOption(
      new Option(
        "--at <time>",
        "Start at this local time: 14:30, tomorrow 06:00, 2026-12-01 14:30",
      ).conflicts("in"),
    );
}

/** @throws UsageError where a value is not valid */
export function givenPlacement(options: PlacementOptions, now = new Date()): Placement {
  const { queue, after, afterAny } = options;
  const priority = givenPriority(options.priority);
  const notBefore = givenStart(options, now);
  return {
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(after && { after }),
    ...(afterAny && { afterAny }),
    ...(notBefore !== undefined && { notBefore: notBefore.toISOString() }),
  };
}

function givenPriority(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[+-]?\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(
    `--priority: ${JSON.stringify(text)} is not a whole number from -999999 to 999999; give 5 or -1`,
  );
}

/** The time of `--in` or `--at`. */
function givenStart({ in: delay, at }: PlacementOptions, now: Date): Date | undefined {
  if (delay !== undefined) {
    const seconds = parseDuration(delay);
    if (seconds === null)
      throw new UsageError(`--in: ${JSON.stringify(delay)} is not a duration; give 30s, 10m or 2h`);
    return new Date(now.getTime() + seconds * 1000);
  }
  if (at === undefined) return undefined;
  const time = parseLocalTime(at, now);
  if (time === null) throw new UsageError(`--at: ${JSON.stringify(at)} is not a time; give ${TIME_FORMS}`);
  if (time < now)
    throw new UsageError(`--at: ${formatLocalTime(time)} is in the past`, "leave out --at to start at once");
  return time;
}
