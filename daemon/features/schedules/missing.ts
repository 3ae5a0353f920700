/**
 * What is wrong with a schedule: a run that does not start, no success for a long time, runs that
 * were missed. Pure.
 */
import type { Operation } from "../../../protocol/operation.js";
import type { MissingReply } from "../../../protocol/replies.js";
import { count } from "../../../protocol/text/count.js";
import { durationText } from "../../../protocol/text/duration.js";
import { minute } from "../../../protocol/text/minute.js";
import { nextRun } from "./cron.js";
import type { Schedule } from "./schedule.js";

/** Longest time in which a run must start, in ms; a shorter period counts. */
const WITHIN_MS = 3600_000;

/** Runs without a success after which the schedule is reported. */
const ALERT_AFTER = 3;

/** What is wrong, and the commands that go on. */
export interface Missing extends MissingReply {
  next: string[];
}

/**
 * The worst of it: what waits now, what nobody submitted, what does not succeed.
 *
 * @param last - the operation of the last run; null: there is none, or it is gone
 */
export function missingOf(schedule: Schedule, last: Operation | null, now: Date): Missing | null {
  return lateStart(schedule, last, now) ?? gapOf(schedule) ?? withoutSuccess(schedule, last);
}

function lateStart(schedule: Schedule, last: Operation | null, now: Date): Missing | null {
  if (last?.state !== "queued" || last.attempt > 0) return null;
  const { id, createdAt: start } = last;
  const within = windowOf(schedule, new Date(start));
  if (now.getTime() - Date.parse(start) <= within) return null;
  const limit = durationText(within / 1000);
  const text = `the run of ${minute(start, schedule.zone)} has not started within ${limit}: ${id} is queued`;
  return { kind: "late", text, since: start, next: [`liveops why ${id}`] };
}

function windowOf({ cron, zone }: Schedule, start: Date): number {
  const next = nextRun(cron, zone, start);
  return next === null ? WITHIN_MS : Math.min(WITHIN_MS, next.getTime() - start.getTime());
}

function withoutSuccess(schedule: Schedule, last: Operation | null): Missing | null {
  const { zone, createdAt, lastSuccessAt = null, withoutSuccess = 0 } = schedule;
  // The newest run, or its chain, may still succeed.
  const isOpen = last !== null && last.state !== "failed" && last.state !== "cancelled";
  const runs = withoutSuccess - (isOpen ? 1 : 0);
  if (runs < ALERT_AFTER) return null;
  const since = lastSuccessAt ?? createdAt;
  const when = minute(since, zone);
  const text = `no success in ${count(runs, "run")}, ${lastSuccessAt === null ? `none since ${when}` : `the last at ${when}`}`;
  const next = last === null ? [] : [`liveops why ${last.id}`];
  return { kind: "unsuccessful", text, since, next };
}

function gapOf({ name, gap, catchup, zone }: Schedule): Missing | null {
  if (!gap) return null;
  const { from, to, isMadeUp } = gap;
  const last = minute(to, zone);
  const when = from === to ? `at ${last}` : `from ${minute(from, zone)} to ${last}`;
  const left = isMadeUp ? gap.count - 1 : gap.count;
  const what = left === 0 ? "1 run came late" : `${count(left, "run")} missed`;
  const caught = isMadeUp ? "the last one was made up for" : "none was made up for";
  return {
    kind: "missed",
    text: `${what}, due ${when}, while no daemon ran or the machine slept; ${caught} (--catchup ${catchup})`,
    since: to,
    next: left === 0 ? [] : [`liveops schedule run ${name}`],
  };
}
