/** `GET /metrics`: the metrics of the daemon for Prometheus. */
import { METRICS_TYPE } from "../../watchers/metrics/metrics.js";
import { readMetrics } from "../../watchers/metrics/sample.js";
import { definition, type RoutePlugin } from "../route-definition.js";

export const metricsRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("metrics"),
    handler: async (_request, reply) => {
      reply.type(METRICS_TYPE);
      return readMetrics(context);
    },
  });
  done();
};
