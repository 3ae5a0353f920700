/** Serves metrics for Prometheus: on the socket, and on the address of `--metrics`. */
import type { FastifyInstance } from "fastify";
import type { MakeFeature } from "../../compose.js";
import { definition } from "../../http/route-definition.js";
import { METRICS_TYPE, Metrics } from "./metrics.js";
import { startMetricsServer } from "./metrics-server.js";
import { readMetrics } from "./sample.js";

/** The value of `--metrics` that overrides an address of the config file. */
const NONE = "none";

export const metrics: MakeFeature = (parts) => {
  const { bus, find, settings } = parts;
  const counted = new Metrics(bus, find);
  let server: FastifyInstance | null = null;
  return {
    routes: (app, _options, done) => {
      app.route({
        ...definition("metrics"),
        handler: async (_request, reply) => {
          reply.type(METRICS_TYPE);
          return readMetrics(parts, counted);
        },
      });
      done();
    },
    // Before the socket answers: an address that cannot be used fails the start.
    open: async () => {
      const address = settings.flags.metrics ?? settings.config.metrics ?? NONE;
      if (address !== NONE) server = await startMetricsServer(parts, counted, address);
    },
    stop: () => server?.close(),
    report: () => ({ metrics: counted.address }),
  };
};
