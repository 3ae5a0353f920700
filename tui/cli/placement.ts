/** Where and when an operation runs: `--queue`, `--priority`, `--on`, `--tag`, `--after`, `--after-any`, `--in`, `--at`. */
import { type Command, Option } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/failures.js";
import type { EditBody, SubmitBody } from "../../protocol/requests.js";
import { givenDuration } from "../kit/given-duration.js";
import { formatLocalTime, parseLocalTime, TIME_FORMS } from "../kit/output/local-time.js";

export interface PlacementOptions {
  queue?: string;
  priority?: string;
  after?: string[];
  afterAny?: string[];
  in?: string;
  at?: string;
  on?: string;
  tag?: string[];
}

type Placement = Pick<SubmitBody, "queue" | "priority" | "after" | "afterAny" | "notBefore">;

/** Adds `--queue` and `--priority`. @param otherwise - the default of both, for the help */
export function addQueueOptions(command: Command, otherwise?: string): Command {
  const shared = otherwise === undefined ? "" : ` (default: ${otherwise})`;
  return command
    .option("--queue <name>", `Queue of the operation; liveops queue lists the queues${shared}`)
    .option("--priority <n>", `Higher first in its queue${shared}`);
}

/**
 * Adds `--on` and `--tag`.
 *
 * @param clears - whether an empty value removes the host or the tags. Default: it is refused
 * @param otherwise - the default of both, for the help
 */
export function addHostOptions(
  command: Command,
  { clears = false, otherwise }: { clears?: boolean; otherwise?: string } = {},
): Command {
  const tags = (text: string, before: string[] = []) => [...before, ...text.split(",").filter(Boolean)];
  const empty = clears ? '; "": any host' : "";
  const none = clears ? '; "": no tags' : "";
  const shared = otherwise === undefined ? "" : ` (default: ${otherwise})`;
  return command
    .option(
      "--on <host>",
      `Run only on this host of the fleet${empty}; liveops hosts lists the hosts${shared}`,
    )
    .option("--tag <tag>", `Run only on a host with this tag (repeatable)${none}${shared}`, tags);
}

/** The host and the tags of a submit. @throws UsageError where a value is empty */
export function givenHosts({ on, tag }: PlacementOptions): Pick<SubmitBody, "on" | "tags"> {
  if (on === "") throw new UsageError("--on needs the name of a host; liveops hosts lists them");
  if (tag?.length === 0) throw new UsageError("--tag needs a tag; liveops hosts lists the tags of each host");
  return { ...(on !== undefined && { on }), ...(tag && { tags: tag }) };
}

/** The host and the tags that an operation gets instead of its own; null and an empty list: none. */
export function changedHosts({ on, tag }: PlacementOptions): Pick<EditBody, "on" | "tags"> {
  return { ...(on !== undefined && { on: on === "" ? null : on }), ...(tag && { tags: tag }) };
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

/** Asks the daemon for its clock where the options name a time: by that clock the operation starts. */
export async function learnClock(client: Client, { in: delay, at }: PlacementOptions): Promise<void> {
  // Without an answer, the submit itself says why.
  if (delay !== undefined || at !== undefined) await client.daemon().catch(() => {});
}

/**
 * @param now by the clock of the daemon
 * @throws UsageError where a value is not valid
 */
export function givenPlacement(options: PlacementOptions, now: number): Placement {
  const { queue, after, afterAny } = options;
  const priority = givenPriority(options.priority);
  const notBefore = givenStart(options, new Date(now));
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
    return new Date(now.getTime() + givenDuration("--in", delay, "30s, 10m or 2h") * 1000);
  }
  if (at === undefined) return undefined;
  const time = parseLocalTime(at, now);
  if (time === null) throw new UsageError(`--at: ${JSON.stringify(at)} is not a time; give ${TIME_FORMS}`);
  if (time < now)
    throw new UsageError(`--at: ${formatLocalTime(time)} is in the past`, "leave out --at to start at once");
  return time;
}
