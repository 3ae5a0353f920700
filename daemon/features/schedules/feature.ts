/** Submits operations by cron expressions. */
import type { MakeFeature } from "../../compose.js";
import { rebootProblem } from "./at-boot.js";
import { scheduleRoutes } from "./route.js";
import { parseSchedules, Schedules, schedulesFile } from "./schedules.js";

/** How long the answer counts that tells what starts the daemon with the machine, in ms. */
const LOOK_MS = 10_000;

export const schedules: MakeFeature = (parts) => {
  const { bus, engine, hosts, layout, log, store, submissions, stopping, now } = parts;
  let problem: string | null = null;
  let lookAgainAt = 0;
  /** Another host of a fleet goes on with the schedules. */
  const lookAtBoot = async () => {
    // The dashboard asks often, and a look runs a program.
    if (performance.now() < lookAgainAt) return;
    lookAgainAt = performance.now() + LOOK_MS;
    problem = hosts.engine() === null ? await rebootProblem(layout.root) : null;
  };
  const file = schedulesFile(layout.schedules, (text) => bus.emit("problem", text));
  const planned = new Schedules({
    bus,
    saved: engine.setting("schedules", file, (json) => parseSchedules(json as unknown[])),
    log,
    archive: store.archive,
    submit: async (draft, key) => {
      const { entries } = await submissions.submit([draft], { isBatch: false, key });
      return entries[0]!.record.id;
    },
    rebootProblem: () => problem,
    now: () => new Date(now()),
  });
  return {
    routes: scheduleRoutes(parts, planned, lookAtBoot),
    start: async () => {
      if (!stopping.begun) planned.start();
      if (planned.list().length > 0) await lookAtBoot();
    },
    problems: () =>
      planned
        .list()
        .flatMap((each) => each.rebootProblem ?? [])
        .slice(0, 1),
    stop: () => planned.stop(),
    sample: (put) => {
      for (const { name: schedule, lastSuccessAt, missing } of planned.list()) {
        if (lastSuccessAt !== null)
          put(
            "liveops_schedule_last_success_seconds",
            { schedule },
            Date.parse(lastSuccessAt) / 1000,
          );
        put("liveops_schedule_missing", { schedule }, missing === null ? 0 : 1);
      }
    },
  };
};
