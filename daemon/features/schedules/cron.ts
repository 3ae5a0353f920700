/**
 * Cron expressions: five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, in a
 * time zone. By the library croner.
 *
 * Where the clocks go forward over a time, the run is at the end of the gap; where a time comes
 * twice, a run of a fixed hour is at the first of the two.
 */
import { Cron } from "croner";

const NICKNAMES = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];

/** What is wrong with an expression or a zone; null if both are valid. */
export function cronProblem(cron: string, zone: string, now: Date): string | null {
  if (!isZone(zone))
    return `${JSON.stringify(zone)} is not a time zone; give a name such as Europe/Berlin or UTC`;
  const takes = `give five fields, "minute hour day month weekday", such as "0 2 * * *", or one of ${NICKNAMES.join(", ")}`;
  if (cron.startsWith("@") && !NICKNAMES.includes(cron.toLowerCase()))
    return `${JSON.stringify(cron)} is not a cron expression; ${takes}`;
  try {
    if (parsed(cron, zone).nextRun(now) !== null) return null;
    return `${JSON.stringify(cron)} never comes, such as 31 February; ${takes}`;
  } catch (error) {
    const { message } = error as Error;
    // The first sentence, without the name of the class that says it.
    const why = message
      .replace(/^\w+: /, "")
      .replace(/\.$/, "")
      .replace(/^invalid configuration.*/, "");
    return `${JSON.stringify(cron)} is not a cron expression${why === "" ? "" : ` (${why})`}; ${takes}`;
  }
}

/** The first run after the time; null: there is none. */
export function nextRun(cron: string, zone: string, after: Date): Date | null {
  return parsed(cron, zone).nextRun(after);
}

interface Runs {
  first: Date;
  /** The run before the last one; null: there is one run. */
  previous: Date | null;
  last: Date;
  count: number;
}

/** The runs after `after` and not after `until`; null: there are none. */
export function runsBetween(cron: string, zone: string, after: Date, until: Date): Runs | null {
  const job = parsed(cron, zone);
  const first = job.nextRun(after);
  if (first === null || first > until) return null;
  const runs: Runs = { first, previous: null, last: first, count: 1 };
  // A minutely schedule of a machine that was off for a year has half a million.
  while (runs.count < MOST_COUNTED) {
    const next = job.nextRun(runs.last);
    if (next === null || next > until) break;
    runs.previous = runs.last;
    runs.last = next;
    runs.count++;
  }
  return runs;
}

/** Most missed runs that are counted. */
const MOST_COUNTED = 10_000;

function parsed(cron: string, zone: string): Cron {
  return new Cron(cron, { timezone: zone, paused: true, mode: "5-part" });
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
