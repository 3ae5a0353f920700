/** Submits operations by cron expressions. */
import type { MakeFeature } from "../../compose.js";
import { scheduleRoutes } from "./route.js";
import { Schedules } from "./schedules.js";

export const schedules: MakeFeature = (parts) => {
  const { bus, engine, log, store, submissions, lifecycle, scheduler, stopping, now } = parts;
  const planned = new Schedules({
    bus,
    saved: engine.schedules,
    log,
    archive: store.archive,
    submit: async (draft, key) => {
      const { entries } = await submissions.submit([draft], { isBatch: false, key });
      return entries[0]!.record.id;
    },
    cancel: async (id) => {
      await lifecycle.cancel(id);
      scheduler.stopOperation(id);
    },
    now: () => new Date(now()),
  });
  return {
    routes: scheduleRoutes(parts, planned),
    start: () => {
      if (!stopping.begun) planned.start();
    },
    stop: () => planned.stop(),
    sample: (put) => {
      for (const { name: schedule, lastSuccessAt, missing } of planned.list()) {
        if (lastSuccessAt !== null)
          put("liveops_schedule_last_success_seconds", { schedule }, Date.parse(lastSuccessAt) / 1000);
        put("liveops_schedule_missing", { schedule }, missing === null ? 0 : 1);
      }
    },
  };
};
