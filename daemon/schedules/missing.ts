/** What is wrong with a schedule: a run that does not start, no success for a long time, runs that were missed. Pure. */
import type { Operation } from "../../protocol/operation.js";
import type { MissingReply } from "../../protocol/replies.js";
import { count } from "../../protocol/text/count.js";
import { nextRun, runsBetween } from "./cron.js";
import type { Schedule } from "./schedule.js";

/** Longest time in which a run must start where the schedule names none, in ms; a shorter period counts. */
const WITHIN_MS = 3600_000;

/** Runs without a success after which the schedule is reported, where it names no number. */
const ALERT_AFTER = 3;

/** @param last - the operation of the last run; null: there is none, or it is gone */
export function missingOf(schedule: Schedule, last: Operation | null, now: Date): MissingReply | null {
  if (schedule.pausedSince !== null) return null;
  return lateStart(schedule, last, now) ?? withoutSuccess(schedule, now) ?? gapOf(schedule);
}

function lateStart(schedule: Schedule, last: Operation | null, now: Date): MissingReply | null {
  if (last?.state !== "queued" || last.attempt > 0) return null;
  const start = last.notBefore ?? last.createdAt;
  const ms = now.getTime() - Date.parse(start);
  const within = windowOf(schedule, new Date(start));
  if (ms <= within) return null;
  const text = `the run of ${start} has not started within ${Math.round(within / 1000)} s: ${last.id} is queued`;
  return { kind: "late", text, since: start };
}

function windowOf({ within, cron, zone }: Schedule, start: Date): number {
  if (within != null) return within * 1000;
  const next = nextRun(cron, zone, start);
  return next === null ? WITHIN_MS : Math.min(WITHIN_MS, next.getTime() - start.getTime());
}

function withoutSuccess(schedule: Schedule, now: Date): MissingReply | null {
  const { cron, zone, createdAt, lastSuccessAt, alertAfter } = schedule;
  const since = lastSuccessAt ?? createdAt;
  const most = alertAfter ?? ALERT_AFTER;
  const due = runsBetween(cron, zone, new Date(since), now, 1).count;
  // The newest run may still succeed.
  if (due - 1 < most) return null;
  const runs = count(due - 1, "run");
  const text = lastSuccessAt
    ? `no success in ${runs}, the last at ${lastSuccessAt}`
    : `no success in ${runs}, none since ${createdAt}`;
  return { kind: "unsuccessful", text, since };
}

function gapOf({ gap, catchup }: Schedule): MissingReply | null {
  if (!gap) return null;
  const { from, to, submitted } = gap;
  const when = from === to ? `at ${from}` : `from ${from} to ${to}`;
  const left = gap.count - submitted;
  const what = left === 0 ? `${count(gap.count, "run")} came late` : `${count(left, "run")} missed`;
  const caught = submitted === 0 ? "none was made up for" : `catch-up submitted ${count(submitted, "run")}`;
  return {
    kind: "missed",
    text: `${what}, due ${when}, while no daemon ran or the machine slept; ${caught} (--catchup ${catchup})`,
    since: to,
  };
}
