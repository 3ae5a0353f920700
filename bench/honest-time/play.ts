/**
 * Plays runs event by event, and keeps what a watcher is told of the time left in each second. The
 * clock is that of the events: nothing waits.
 */

import { measuredOf } from "../../daemon/scheduler/durations.js";
import { type Pace, paced } from "../../protocol/estimate/pace.js";
import { isLaterThanPromised, type Promised, promised } from "../../protocol/estimate/promise.js";
import { ranSeconds } from "../../protocol/estimate/seconds.js";
import { sumOf, type TimeLeft, timeLeft, usualTime } from "../../protocol/estimate/time-left.js";
import { type Usual, usualIn } from "../../protocol/estimate/usual.js";
import type { OperationEvent } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { reduceEvent } from "../../protocol/reduce.js";
import type { Run } from "./made-up.js";

/** A link of a chain, with what earlier runs of its type took. */
export interface Link {
  readonly run: Run;
  /** Records of succeeded runs. */
  readonly earlier: readonly Operation[];
  /** `paramsKey` of the run. */
  readonly params: string | null;
}

/** What a watcher is told at one moment. */
export interface Told extends TimeLeft {
  /** Seconds that the chain has run, without pauses, and those that it still runs. */
  readonly ran: number;
  readonly rest: number;
  readonly isLater: boolean;
}

/** Times within a run at which the watcher looks. */
const LOOKS = 400;

export function played(links: readonly Link[]): Told[] {
  const lengths = links.map(({ run }) => lengthOf(run));
  const all = lengths.reduce((sum, length) => sum + length, 0);
  const told: Told[] = [];
  let promise: Promised | undefined;
  let before = 0;
  for (const [i, link] of links.entries()) {
    const coming = links.slice(i + 1).map((next) => usualTime(usualOf(next)));
    const others = links.map((each, n) =>
      n < i ? lengths[n]! : (usualOf(each)?.seconds?.p50 ?? 0),
    );
    for (const [attempt, now, left] of looksOf(link, all / LOOKS)) {
      const ran = before + now;
      const whole = sumOf([left, ...coming], others.with(i, now + (left.seconds ?? 0)));
      const isLater = isLaterThanPromised(promise, attempt, ran, whole);
      promise = promised(promise, attempt, ran, whole);
      told.push({ ...whole, ran, rest: all - ran, isLater });
    }
    before += lengths[i]!;
  }
  return told;
}

const usualOf = ({ earlier, params }: Link): Usual | null => usualIn(measuredOf(earlier), params);

const lengthOf = ({ record }: Run): number => ranSeconds(record, Date.parse(record.finishedAt!));

/** The watcher looks after each event, and in between. */
function* looksOf(
  link: Link,
  every: number,
): Generator<readonly [attempt: number, ran: number, left: TimeLeft]> {
  const usual = usualOf(link);
  let record: Operation | null = link.run.before;
  let pace: Pace | undefined;
  let next = Number.NaN;
  for (const event of link.run.events) {
    const at = Date.parse(event.at);
    if (record?.state === "running")
      for (; next < at; next += every * 1000) yield look(record, next);
    // A finished attempt tells nothing more.
    if (event.type === "attempt:finished" || event.type === "operation:finished") return;
    record = reduceEvent(record, event);
    if (record.state !== "running") continue;
    if (Number.isNaN(next)) next = at;
    pace = paced(pace, record);
  }

  function look(operation: Operation, now: number) {
    return [
      operation.attempt,
      ranSeconds(operation, now),
      timeLeft(operation, usual, pace, now),
    ] as const;
  }
}

/** The run with a pause that begins after a share of it. */
export function pausedAt({ before, events, record }: Run, share: number, seconds: number): Run {
  const begin = Date.parse(record.startedAt!);
  const pause = begin + share * (Date.parse(record.finishedAt!) - begin);
  const at = (time: string) => {
    const ms = Date.parse(time);
    return new Date(ms <= pause ? ms : ms + seconds * 1000).toISOString();
  };
  const index = events.findIndex((event) => Date.parse(event.at) > pause);
  const later = events.map((event) => ({ ...event, at: at(event.at) }) as OperationEvent);
  const { attempt } = record;
  const since = new Date(pause).toISOString();
  const until = new Date(pause + seconds * 1000).toISOString();
  later.splice(
    index,
    0,
    { type: "attempt:paused", seq: 0, attempt, at: since, n: 1 } as OperationEvent,
    { type: "attempt:resumed", seq: 0, attempt, at: until, n: 2, seconds } as OperationEvent,
  );
  return {
    before,
    events: later,
    record: {
      ...record,
      finishedAt: at(record.finishedAt!),
      pause: { since: null, seconds, changes: 2 },
    },
  };
}
