/** The routes of schedules. */
import { homedir } from "node:os";
import { Refusal } from "../../../protocol/errors.js";
import type { Parts } from "../../compose.js";
import type { FeatureRoutes } from "../../feature.js";
import { sessionOf } from "../../http/person.js";
import { definition } from "../../http/route-definition.js";
import { checkedKey, warn, wholeRecord } from "../../http/routes/operations.js";
import { withoutText, withText } from "./scheduled-file.js";
import type { Schedules } from "./schedules.js";

export const scheduleRoutes =
  (parts: Parts, schedules: Schedules, lookAtBoot: () => Promise<void>): FeatureRoutes =>
  (app, _options, done) => {
    app.route({
      ...definition("schedules"),
      handler: async () => {
        await lookAtBoot();
        return { schedules: schedules.list() };
      },
    });
    app.route({
      ...definition("addSchedule"),
      handler: async (request, reply) => {
        const { body } = request;
        const { name, cron, zone = ownZone(), catchup = "last", operation, file } = body;
        if (file !== undefined && operation.op !== "pipeline")
          throw new Refusal("LIVEOPS_BAD_REQUEST", "file is for the operation type pipeline only");
        const draft = file === undefined ? operation : await withText(operation, file);
        const warnings = await parts.submissions.check({ ...draft, schedule: name });
        const submit = {
          ...(await sessionOf(parts, request)),
          ...(file === undefined ? operation : withoutText(operation, file)),
          cwd: operation.cwd ?? homedir(),
        };
        warn(reply.code(201), warnings);
        await lookAtBoot();
        return schedules.add(name, { cron, zone, catchup, submit, file });
      },
    });
    app.route({
      ...definition("removeSchedule"),
      handler: ({ params }) => schedules.remove(params.schedule),
    });
    app.route({
      ...definition("runSchedule"),
      handler: async ({ params, headers }, reply) => {
        const id = await schedules.run(params.schedule, checkedKey(headers["idempotency-key"]));
        reply.code(201);
        return wholeRecord(parts, id);
      },
    });
    done();
  };

function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
