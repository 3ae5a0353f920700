/** `GET /v1/forecast`: when live operations are expected to start and to end. */
import type { ForecastReply } from "../../../protocol/replies.js";
import type { Context } from "../../context.js";
import { forecast } from "../../scheduler/forecast.js";
import { definition, type RoutePlugin } from "../route-definition.js";

/** Most queued operations in a reply. */
const MOST_QUEUED = 500;

export const forecastRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("forecast"), handler: () => reply(context, Date.now()) });
  done();
};

function reply(context: Context, now: number): ForecastReply {
  const { store, queue, scheduler, settings, durations } = context;
  const running = [...scheduler.attempts.values()].map(({ id, entry }) => ({
    id,
    startedAt: Date.parse(entry.record.startedAt!),
    seconds: durations.median(entry.record),
  }));
  const queued = queue.first(queue.length).flatMap((id) => {
    const record = store.ledger.get(id)?.record;
    return record ? [{ id, seconds: durations.median(record) }] : [];
  });
  const { emptyAt, operations } = forecast({ now, slots: settings.concurrency, running, queued });
  const shown = [...operations].slice(0, running.length + MOST_QUEUED);
  return {
    at: iso(now)!,
    emptyAt: iso(emptyAt),
    operations: Object.fromEntries(
      shown.map(([id, { startsAt, endsAt }]) => [id, { startsAt: iso(startsAt), endsAt: iso(endsAt) }]),
    ),
  };
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
