/** `GET /v1/forecast`: when live operations are expected to start and to end. */
import type { ForecastReply } from "../../../protocol/replies.js";
import { type Expected, type ForecastInput, forecast, type QueuedInput } from "../../scheduler/forecast.js";
import { earliestStart } from "../../scheduler/holds/start-time.js";
import { placeOf } from "../../scheduler/queue.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

/** Most queued operations in a reply. */
const MOST_QUEUED = 500;

/** Operations of each queue that are simulated. A longer queue is expected to go on at the pace of these. */
const SIMULATED = 1000;

export const forecastRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("forecast"), handler: () => reply(context, Date.now()) });
  done();
};

async function reply(context: Context, now: number): Promise<ForecastReply> {
  const names = context.queues.names().filter((name) => context.queue.lengthOf(name) > 0);
  const lines = names.map((name) => context.queue.firstOf(name, SIMULATED));
  const { slots, running, queued } = await inputOf(context, lines.flat(), now);
  const expected = forecast({ now, slots, running, queued });
  const lasts = lines.map((ids, n) => {
    const last = lastStart(ids, expected);
    return last === null ? null : now + ((last - now) * context.queue.lengthOf(names[n]!)) / ids.length;
  });
  const first = queued
    .map(({ id }) => [id, expected.get(id)!] as const)
    .sort(([, a], [, b]) => startOf(a) - startOf(b))
    .slice(0, MOST_QUEUED);
  const shown = [...running.map(({ id }) => [id, expected.get(id)!] as const), ...first];
  return {
    at: iso(now)!,
    emptyAt: lasts.length === 0 || lasts.includes(null) ? null : iso(Math.max(...(lasts as number[]))),
    operations: Object.fromEntries(
      shown.map(([id, { startsAt, endsAt }]) => [id, { startsAt: iso(startsAt), endsAt: iso(endsAt) }]),
    ),
  };
}

/** Held operations are left out unless their wait is planned: nobody knows when they continue. */
async function inputOf(context: Context, inLine: readonly string[], now: number): Promise<ForecastInput> {
  const { store, queues, hosts, scheduler, durations, dependencies } = context;
  const ready = inLine.flatMap((id) => store.ledger.get(id) ?? []);
  const waiting = [...ready, ...context.waiting.planned()].filter(({ record }) => record.state === "queued");
  const attempts = [...scheduler.attempts.values()];
  const median = await durations.medians([...attempts.map(({ entry }) => entry), ...waiting]);
  const running = attempts.map(({ id, entry: { record } }) => {
    const { pause, startedAt, queue } = record;
    // A paused operation ends at an unknown time.
    const isPaused = pause !== null && pause.since !== null;
    return {
      ...{ id, queue },
      startedAt: Date.parse(startedAt!) + (pause?.seconds ?? 0) * 1000,
      seconds: isPaused ? null : median(record),
    };
  });
  const queued = waiting.map((entry): QueuedInput => {
    const { id, queue } = entry.record;
    return {
      ...{ id, queue, turn: placeOf(entry) },
      seconds: median(entry.record),
      earliest: earliestStart(entry.record),
      after: dependencies.liveLinks(id),
    };
  });
  // Nothing starts in a paused queue or on a drained host.
  const isOpen = (name: string) => queues.isOpen(name) && !hosts.isDraining;
  const slots = new Map(queues.names().map((name) => [name, isOpen(name) ? queues.concurrency(name) : 0]));
  return { now, slots, running, queued };
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
