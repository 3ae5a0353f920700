/** A schedule as the state directory keeps it, and which of its runs are due. Pure. */
import type { SubmitBody } from "../../../protocol/requests.js";
import { nextRun, runsBetween } from "./cron.js";

export const CATCHUPS = ["none", "last"] as const;

export interface Schedule {
  name: string;
  cron: string;
  /** A name of the IANA time zone database. */
  zone: string;
  /** Which of the runs is made up for that were due while no daemon ran. */
  catchup: (typeof CATCHUPS)[number];
  /** What each run submits; without the text of `file`. */
  submit: SubmitBody;
  /** Absolute path of the pipeline file that each run reads. */
  file?: string | undefined;
  /** All times are ISO 8601. */
  createdAt: string;
  /** The last run that was due, whether it was submitted or not. */
  lastDueAt: string;
  /** The last operation. */
  lastOperation: string | null;
  /** How many runs were due and not submitted, since no daemon ran. */
  missed: number;
  /** Why the last run submitted nothing; null: it did. */
  lastProblem: string | null;
  /** End of the last run that succeeded with its chain; null or absent: none is known. */
  lastSuccessAt?: string | null;
  /**
   * Runs that were due since then while a daemon ran; one that was made up for counts. Absent: 0.
   */
  withoutSuccess?: number;
  /**
   * The last runs that were due while nobody could submit them; null or absent: the last run was in
   * time.
   */
  gap?: Gap | null;
  /** What of `missing` was told, so that it is told once. */
  told?: string | null;
}

/** Runs that were due while nobody could submit them, and what came of them. */
export interface Gap {
  /** The first and the last of the runs, ISO 8601. */
  from: string;
  to: string;
  /** Runs that were due. */
  count: number;
  /** Whether the last one was submitted late, by `catchup`. */
  isMadeUp: boolean;
}

/**
 * A run that is later than this was missed, in ms: no daemon ran, the machine slept, or the clock
 * was set.
 */
const LATE_MS = 60_000;

export interface Due {
  /** Runs to submit, oldest first. */
  runs: Date[];
  /** Runs that are not submitted. */
  missed: number;
  /** The newest run that was due. */
  last: Date;
  /** The runs that came late or were missed; null: all are in time. */
  gap: Omit<Gap, "isMadeUp"> | null;
}

/** The runs of a schedule that are due; null: none. */
export function dueRuns(schedule: Schedule, now: Date): Due | null {
  const { cron, zone, catchup, lastDueAt } = schedule;
  const between = runsBetween(cron, zone, new Date(lastDueAt), now);
  if (between === null) return null;
  const { first, previous, last, count } = between;
  const isLate = now.getTime() - last.getTime() > LATE_MS;
  // A run before the last one is late, since a period has a minute or more.
  const lastLate = isLate ? last : previous;
  const madeUp = catchup === "last" && lastLate !== null ? [lastLate] : [];
  const runs = isLate ? madeUp : [...madeUp, last];
  const late = isLate ? count : count - 1;
  const gap = lastLate && { from: first.toISOString(), to: lastLate.toISOString(), count: late };
  return { runs, missed: count - runs.length, last, gap };
}

/** When the next run is due; null: never. */
export function nextDue(schedule: Schedule, now: Date): Date | null {
  const last = new Date(schedule.lastDueAt);
  return nextRun(schedule.cron, schedule.zone, last > now ? last : now);
}

/**
 * The idempotency key of a run: a run that is submitted again after a crash is the same operation.
 */
export function keyOf({ name, createdAt }: Schedule, due: Date): string {
  return `schedule ${name} ${createdAt} ${due.toISOString()}`;
}
