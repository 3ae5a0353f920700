/**
 * The TCP server of `--metrics`. It answers `GET /metrics` and nothing else: a TCP port has no
 * owner, as the socket has.
 */
import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance, LogController } from "fastify";
import {
  formatMetricsAddress,
  parseMetricsAddress,
} from "../../../protocol/features/metrics/metrics-address.js";
import type { Parts } from "../../compose.js";
import { COMPILERS } from "../../http/server.js";
import { fastifyLog, REQUEST_KEY } from "../../log/log.js";
import { PlaceError } from "../../store/directories.js";
import { METRICS_TYPE, type Metrics } from "./metrics.js";
import { readMetrics } from "./sample.js";

/** Most connections: each takes a descriptor that operations may need. */
const MOST_CONNECTIONS = 16;

/** Milliseconds for a whole request. */
const REQUEST_MS = 10_000;

const REASONS: Record<string, string> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "this user may not listen there",
};

/** @throws PlaceError where the address cannot be used */
export async function startMetricsServer(
  parts: Parts,
  metrics: Metrics,
  address: string,
): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: fastifyLog(parts.log),
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: REQUEST_KEY,
    }),
    forceCloseConnections: true,
    schemaController: COMPILERS,
    requestTimeout: REQUEST_MS,
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  app.get("/metrics", async (_request, reply) => {
    reply.type(METRICS_TYPE);
    return readMetrics(parts, metrics);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type("text/plain").send("try /metrics\n"),
  );
  const { host, port } = parseMetricsAddress(address)!;
  try {
    await metrics.begin();
    await app.listen({ host, port, listenTextResolver: (url) => `metrics at ${url}/metrics` });
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const reason = REASONS[code];
    if (reason === undefined) throw error;
    throw new PlaceError(
      `cannot serve metrics on ${address}: ${reason} (${message}); choose another address with --metrics`,
    );
  }
  const bound = app.server.address() as AddressInfo;
  metrics.address = formatMetricsAddress({ host, port: bound.port });
  return app;
}
