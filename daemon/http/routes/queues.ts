/** The routes of queues, and the pause of operations. */
import { Refusal } from "../../../protocol/errors.js";
import type { QueueReply, QueuesReply } from "../../../protocol/replies.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

/** `GET /v1/queues`, `POST` and `DELETE /v1/queues/:queue`, `POST /v1/pause` and `/v1/resume`. */
export const queueRoutes: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("queues"), handler: () => describeAll(context) });
  app.route({
    ...definition("setQueue"),
    handler: async ({ params, body }) => {
      await context.queues.set(params.queue, body.concurrency);
      return describe(context, params.queue);
    },
  });
  app.route({
    ...definition("removeQueue"),
    handler: async ({ params: { queue } }) => {
      await context.queues.check(queue);
      const last = describe(context, queue);
      if (last.queued + last.running + last.toAnswer > 0) throw notEmpty(last);
      await context.queues.remove(queue);
      return last;
    },
  });
  for (const [name, isPaused] of [
    ["pauseQueue", true],
    ["resumeQueue", false],
  ] as const)
    app.route({
      ...definition(name),
      handler: async ({ body }) => {
        const names = body.queue === undefined ? context.queues.names() : [body.queue];
        await context.queues.pause(names, isPaused);
        return describeAll(context);
      },
    });
  done();
};

function describeAll(context: Context): QueuesReply {
  return { queues: context.queues.names().map((name) => describe(context, name)) };
}

function describe({ queues, store }: Context, name: string): QueueReply {
  return queues.describe(name, store.ledger.liveIn(name));
}

function notEmpty({ name, queued, running, toAnswer }: QueueReply): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `the queue ${name} is not empty: ${queued} queued, ${running} running, ${toAnswer} to answer; ` +
      "cancel its operations, or move the queued ones with: liveops edit ID --queue NAME",
  );
}
