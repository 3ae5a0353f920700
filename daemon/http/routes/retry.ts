/** `POST /v1/operations/:id/retry`: run a failed or cancelled operation again, from a stage where it is resumable. */
import { forgetFrom } from "../../../ops/runner/stage-values.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Context } from "../../context.js";
import { isUnreadable, runFilesRefusal } from "../../run-files/unreadable.js";
import type { Entry } from "../../store/decision.js";
import { isDiskFull } from "../../store/durable-file.js";
import { StoreFullError } from "../../store/journal.js";
import { valuesDir } from "../../store/layout.js";
import { definition, type RoutePlugin } from "../route-definition.js";

export const retryRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("retry"),
    handler: async ({ params, body }) => {
      const { id, op, state } = context.find(params.id).record;
      const from = body.from ?? null;
      // What cannot be retried at all is told so, by the lifecycle, before what its type could do.
      const mayBeRetried = state === "failed" || state === "cancelled";
      if (mayBeRetried && from !== null) await checkResumable(context, op);
      await context.lifecycle.retry(id, from, (entry) => forget(context, entry, from));
      return context.whole(context.find(id));
    },
  });
  done();
};

/** @throws Refusal where the type is not resumable, or does not load */
async function checkResumable({ loader }: Context, op: string): Promise<void> {
  const type = await loader.resolve(op);
  if ("reason" in type) throw new Refusal("LIVEOPS_NO_SUCH_TYPE", type.reason);
  if (type.policy.resumable) return;
  throw new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `${op} is not resumable, so it has no stage to go on from; without from it runs again from the start`,
  );
}

function forget(context: Context, { record }: Entry, from: string | null): void {
  if (from === null) return;
  try {
    forgetFrom(valuesDir(context.layout, record.id), from, record.stages, record.attempt);
  } catch (error) {
    if (isDiskFull(error)) throw new StoreFullError("no room to forget what its stages returned");
    throw isUnreadable(error) ? runFilesRefusal(record.id, error) : error;
  }
}
