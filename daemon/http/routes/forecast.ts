/** `GET /v1/forecast`: when live operations are expected to start and to end. */
import type { ForecastReply } from "../../../protocol/replies.js";
import { type Expected, type ForecastInput, forecast, type QueuedInput } from "../../scheduler/forecast.js";
import { earliestStart } from "../../scheduler/holds/start-time.js";
import { placeOf } from "../../scheduler/queue.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

/** Most queued operations in a reply. */
const MOST_QUEUED = 500;

export const forecastRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("forecast"), handler: () => reply(context, Date.now()) });
  done();
};

async function reply(context: Context, now: number): Promise<ForecastReply> {
  const inLine = context.queues.names().flatMap((name) => context.queue.idsOf(name));
  const { slots, running, queued } = await inputOf(context, inLine, now);
  const expected = forecast({ now, slots, running, queued });
  const starts = inLine.map((id) => expected.get(id)?.startsAt ?? null);
  const isKnown = starts.length > 0 && !starts.includes(null);
  const first = queued
    .map(({ id }) => [id, expected.get(id)!] as const)
    .sort(([, a], [, b]) => startOf(a) - startOf(b))
    .slice(0, MOST_QUEUED);
  const shown = [...running.map(({ id }) => [id, expected.get(id)!] as const), ...first];
  return {
    at: iso(now)!,
    emptyAt: isKnown ? iso(starts.reduce<number>((last, start) => Math.max(last, start!), 0)) : null,
    operations: Object.fromEntries(
      shown.map(([id, { startsAt, endsAt }]) => [id, { startsAt: iso(startsAt), endsAt: iso(endsAt) }]),
    ),
  };
}

/** Held operations are left out unless their wait is planned: nobody knows when they continue. */
async function inputOf(context: Context, inLine: readonly string[], now: number): Promise<ForecastInput> {
  const { store, queues, hosts, scheduler, durations, dependencies } = context;
  const planned = [...store.ledger.entries.values()].filter(({ record }) =>
    context.waiting.isPlanned(record.id),
  );
  const waiting = [...inLine.flatMap((id) => store.ledger.get(id) ?? []), ...planned].filter(
    ({ record }) => record.state === "queued",
  );
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

function startOf({ startsAt }: Expected): number {
  return startsAt ?? Number.MAX_VALUE;
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
