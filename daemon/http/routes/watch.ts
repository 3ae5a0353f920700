import { definition, type RoutePlugin } from "../route-definition.js";
import { openStream } from "../stream.js";

export const watchRoute: RoutePlugin = (app, { context, connections }, done) => {
  app.route({
    ...definition("watch"),
    handler: ({ query }, reply) => {
      const { operation, follow, log, logAfter, since, state, op, limit } = query;
      const scope = {
        operation: operation === undefined ? null : context.find(operation).record.id,
        followChain: follow === "chain",
        state: state ?? null,
        op: op ?? null,
        limit,
        log,
      };
      context.hub.attach(scope, openStream(reply, connections, true), logAfter, since);
      return reply;
    },
  });
  done();
};
