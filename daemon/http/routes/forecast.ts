/** `GET /v1/forecast`: when live operations are expected to start and to end. */
import type { ForecastReply } from "../../../protocol/replies.js";
import type { Context } from "../../context.js";
import type { Attempt } from "../../scheduler/attempt.js";
import { type Forecast, forecast } from "../../scheduler/forecast.js";
import { definition, type RoutePlugin } from "../route-definition.js";

/** Most queued operations in a reply. */
const MOST_QUEUED = 500;

export const forecastRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("forecast"), handler: () => reply(context, Date.now()) });
  done();
};

function reply(context: Context, now: number): ForecastReply {
  const { queue, queues, scheduler } = context;
  const running = [...scheduler.attempts.values()];
  const names = new Set([...queues.names(), ...running.map(({ entry }) => entry.record.queue)]);
  const all = [...names].map((name) => ({ name, ...forecastOf(context, name, running, now) }));
  const operations = all.flatMap((each) => [...each.operations]);
  // The last start of all queues; unknown where it is unknown of one that has operations.
  const waiting = all.filter(({ name }) => queue.lengthOf(name) > 0).map(({ emptyAt }) => emptyAt);
  const known = waiting.filter((time) => time !== null);
  const shown = operations.slice(0, running.length + MOST_QUEUED);
  return {
    at: iso(now)!,
    emptyAt: waiting.length === 0 || known.length < waiting.length ? null : iso(Math.max(...known)),
    operations: Object.fromEntries(
      shown.map(([id, { startsAt, endsAt }]) => [id, { startsAt: iso(startsAt), endsAt: iso(endsAt) }]),
    ),
  };
}

function forecastOf(context: Context, name: string, attempts: readonly Attempt[], now: number): Forecast {
  const { store, queue, queues, durations } = context;
  const running = attempts
    .filter(({ entry }) => entry.record.queue === name)
    .map(({ id, entry: { record } }) => {
      const { pause, startedAt } = record;
      const paused = (pause?.seconds ?? 0) * 1000;
      // A paused operation ends at an unknown time.
      const isPaused = pause !== null && pause.since !== null;
      return {
        id,
        startedAt: Date.parse(startedAt!) + paused,
        seconds: isPaused ? null : durations.median(record),
      };
    });
  const queued = queue.idsOf(name).flatMap((id) => {
    const record = store.ledger.get(id)?.record;
    return record ? [{ id, seconds: durations.median(record) }] : [];
  });
  // Nothing starts in a paused queue.
  const slots = queues.isOpen(name) ? queues.concurrency(name) : 0;
  return forecast({ now, slots, running: queues.isOpen(name) ? running : [], queued });
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
