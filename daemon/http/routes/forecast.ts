/** `GET /v1/forecast`: when live operations are expected to start and to end. */
import {
  type TimeLeft,
  timeLeft,
  UNKNOWN,
  usualTime,
} from "../../../protocol/estimate/time-left.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import { laterStart } from "../../../protocol/start-time.js";
import type { Parts } from "../../compose.js";
import { type Expected, forecast } from "../../scheduler/forecast.js";
import { earliestStart } from "../../scheduler/holds/start-time.js";
import { placeOf } from "../../scheduler/queue.js";
import type { Entry } from "../../store/decision.js";
import { definition, type RoutePlugin } from "../route-definition.js";

/** Most queued operations in a reply. */
const MOST_QUEUED = 500;

/**
 * Operations of each queue that are simulated. A longer queue is expected to go on at the pace of
 * these.
 */
const SIMULATED = 1000;

export const forecastRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("forecast"), handler: () => forecastNow(context, Date.now()) });
  done();
};

export async function forecastNow(context: Parts, now: number): Promise<ForecastReply> {
  const names = context.queues.names().filter((name) => context.queue.lengthOf(name) > 0);
  const lines = names.map((name) => context.queue.firstOf(name, SIMULATED));
  const planned = context.waiting.planned();
  const { slots, running, queued } = await inputOf(context, lines.flat(), planned, now);
  const expected = forecast({ now, slots, running, queued });
  const lasts = lines.map((ids, n) => {
    const last = lastStart(ids, expected);
    return last === null
      ? null
      : now + ((last - now) * context.queue.lengthOf(names[n]!)) / ids.length;
  });
  const first = queued
    .map(({ id }) => [id, expected.get(id)!] as const)
    .sort(([, a], [, b]) => startOf(a) - startOf(b))
    .slice(0, MOST_QUEUED);
  const delayed = queued.filter(({ isDelayed }) => isDelayed);
  const inLine = new Set(lines.flat());
  const others = queued.filter(({ id, isDelayed }) => !isDelayed && !inLine.has(id));
  const starts = [...lasts, ...others.map(({ id }) => expected.get(id)!.startsAt)];
  // Nobody knows when an operation starts that is held against its plan.
  const isHeld = context.waiting.length > context.queue.length + planned.length;
  const isKnown = !isHeld && !starts.includes(null);
  return {
    at: iso(now)!,
    emptyAt:
      isKnown && starts.length > 0
        ? iso(starts.reduce<number>((last, start) => Math.max(last, start!), 0))
        : null,
    ...(delayed.length > 0 && {
      delayed: {
        operations: delayed.length,
        startsAt: iso(
          delayed.reduce((least, { earliest }) => Math.min(least, earliest!), Number.MAX_VALUE),
        )!,
      },
    }),
    operations: Object.fromEntries([
      ...running.map(({ id, left }) => [id, expectedEnd(expected.get(id)!, left)] as const),
      ...first.map(
        ([id, { startsAt, endsAt }]) =>
          [id, { startsAt: iso(startsAt), endsAt: iso(endsAt) }] as const,
      ),
    ]),
  };
}

/** The end of a running operation, and what it is from. */
function expectedEnd({ startsAt, endsAt }: Expected, { margin, runs, isLate }: TimeLeft) {
  const from =
    endsAt === null ? {} : { margin: Math.round(margin * 10) / 10, runs: runs ?? undefined };
  return {
    startsAt: iso(startsAt),
    endsAt: iso(endsAt),
    ...from,
    ...(isLate && { late: true as const }),
  };
}

/** Held operations are left out unless their wait is planned: nobody knows when they continue. */
async function inputOf(
  context: Parts,
  inLine: readonly string[],
  planned: readonly Entry[],
  now: number,
) {
  const { store, queues, hosts, scheduler, durations, paces, dependencies, edges, view } = context;
  const ready = inLine.flatMap((id) => store.ledger.get(id) ?? []);
  const waiting = [...ready, ...planned].filter(({ record }) => record.state === "queued");
  const attempts = [...scheduler.attempts.values()];
  const usual = await durations.usual([...attempts.map(({ entry }) => entry), ...waiting]);
  const leftOf = (record: Operation): TimeLeft =>
    timeLeft(record, usual(record), paces.of(record.id), now, (id) => {
      const awaited = store.ledger.get(id);
      return awaited === undefined ? UNKNOWN : leftOf(view.present(awaited));
    });
  const running = attempts.map(({ id, entry }) => {
    const record = view.present(entry);
    const { pause, startedAt, queue } = record;
    const left = leftOf(record);
    const isPaused = pause !== null && pause.since !== null;
    const isKnown = left.seconds !== null && !left.isLeast && !isPaused;
    return {
      id,
      queue,
      left,
      isLent: edges.graph
        .directWaiters(id)
        .some((each) => isSameSlot(store.ledger.get(each), entry)),
      startedAt: Date.parse(startedAt!) + (pause?.seconds ?? 0) * 1000,
      endsAt: isKnown ? Math.round(now + left.seconds! * 1000) : null,
    };
  });
  const queued = waiting.map((entry) => {
    const { id, queue } = entry.record;
    return {
      id,
      queue,
      turn: placeOf(entry),
      seconds: usualTime(usual(entry.record)).seconds,
      earliest: earliestStart(entry.record),
      after: dependencies.liveLinks(id),
      isDelayed: laterStart(entry.record, now) !== null,
    };
  });
  // Nothing starts in a paused queue or on a drained host.
  const isOpen = (name: string) => queues.isOpen(name) && !hosts.isDraining;
  const slots = new Map(
    queues.names().map((name) => [name, isOpen(name) ? queues.concurrency(name) : 0]),
  );
  return { now, slots, running, queued };
}

function isSameSlot(a: Entry | undefined, { record: b }: Entry): boolean {
  return a?.record.state === "running" && a.record.queue === b.queue && a.record.slot === b.slot;
}

/** Null: the start of one is unknown. */
function lastStart(ids: readonly string[], expected: ReadonlyMap<string, Expected>): number | null {
  const starts = ids.map((id) => expected.get(id)?.startsAt ?? null);
  return starts.includes(null) ? null : Math.max(...(starts as number[]));
}

function startOf({ startsAt }: Expected): number {
  return startsAt ?? Number.MAX_VALUE;
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
