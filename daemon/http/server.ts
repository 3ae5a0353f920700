/**
 * The HTTP server on the Unix socket: JSON whatever the Content-Type, the version on every reply,
 * one error handler.
 */

import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import { Refusal } from "../../protocol/errors.js";
import { MAX_BODY } from "../../protocol/limits.js";
import {
  CLOCK_HEADER,
  compatible,
  STALE_HEADER,
  VERSION,
  VERSION_HEADER,
} from "../../protocol/version.js";
import { fastifyLog, REQUEST_KEY } from "../log/log.js";
import { BODY_BYTES, Connections, connectionLimits, descriptorLimit } from "./connections.js";
import { handleErrors, plainAnswer, sendProblem } from "./errors.js";
import { readBody } from "./request-body.js";
import type { Context, RoutePlugin } from "./route-definition.js";
import { daemonRoutes } from "./routes/daemon.js";
import { forecastRoute } from "./routes/forecast.js";
import { logRoute } from "./routes/log.js";
import { operationRoutes } from "./routes/operations.js";
import { queueRoutes } from "./routes/queues.js";
import { selectionRoutes } from "./routes/selections.js";
import { eventsRoute, watchRoute } from "./routes/streams.js";
import { terminalRoutes } from "./routes/terminal.js";
import { typeRoutes } from "./routes/types.js";

/** The folder `routes/`. */
const ROUTE_PLUGINS: RoutePlugin[] = [
  operationRoutes,
  logRoute,
  eventsRoute,
  terminalRoutes,
  selectionRoutes,
  queueRoutes,
  watchRoute,
  typeRoutes,
  forecastRoute,
  daemonRoutes,
];

/**
 * The zod type provider validates requests. `JSON.stringify` writes replies without a check: zod
 * makes a list of 1,000 operations five times slower. The compiler checks each handler against the
 * schemas of its replies, and the tests validate every reply.
 *
 * The option, unlike `setValidatorCompiler`, keeps fastify from loading its default compilers at
 * the start.
 */
export const COMPILERS = {
  compilersFactory: {
    buildValidator: () => validatorCompiler,
    buildSerializer: () => () => JSON.stringify,
  },
} as unknown as FastifyServerOptions["schemaController"];

/**
 * Milliseconds a client may take over its request. A stream is not affected: its request is
 * complete.
 */
interface RequestTimeouts {
  /** From the connection, or the last answer, to the end of the headers. */
  headers: number;
  /** To the end of the body. */
  request: number;
  /** How often connections are checked. */
  check: number;
}

const TIMEOUTS: RequestTimeouts = { headers: 15_000, request: 30_000, check: 5000 };

/** The server with all routes, not yet listening. Tests call it through `inject`. */
export function buildServer(context: Context, timeouts = TIMEOUTS): FastifyInstance {
  const { settings } = context;
  const app = fastify({
    bodyLimit: MAX_BODY,
    loggerInstance: fastifyLog(context.log),
    // A line for each request would fill the log. The error handler logs errors.
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: REQUEST_KEY,
    }),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
    schemaController: COMPILERS,
    http: {
      requireHostHeader: false,
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      connectionsCheckingInterval: timeouts.check,
    },
    clientErrorHandler: refuseMalformed,
    // A path that cannot be decoded reaches no route, no hook and no error handler.
    frameworkErrors: (error, _request, reply) => {
      reply.header(VERSION_HEADER, VERSION);
      sendProblem(reply, new Refusal("LIVEOPS_BAD_REQUEST", error.message));
    },
    requestTimeout: timeouts.request,
    // A client over ssh keeps its connection: a new one costs processes.
    keepAliveTimeout: 60_000,
  });
  const descriptors = descriptorLimit();
  const limits = connectionLimits(settings.concurrency, descriptors);
  const connections = new Connections(app.server, limits, context.log);
  app.addHook("preParsing", ({ raw }, _reply, payload, done) => {
    if (raw.method !== "GET") connections.countBody(raw, BODY_BYTES);
    done(null, payload);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, readBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook("onResponse", ({ method, url }, { statusCode, elapsedTime }, done) => {
    // A request must cost nothing for a line that is not written.
    if (context.log.isLevelEnabled("debug"))
      context.log.debug(
        { method, url, status: statusCode, ms: Math.round(elapsedTime) },
        "answered a request",
      );
    done();
  });
  app.addHook("onRequest", (request, reply, done) => {
    reply.header(VERSION_HEADER, VERSION);
    reply.header(CLOCK_HEADER, Math.round(context.now()));
    const staleSince = context.hosts.engine()?.awaySince ?? null;
    if (staleSince !== null) reply.header(STALE_HEADER, staleSince);
    // A body is JSON whatever its Content-Type, also if that cannot be parsed.
    if (request.raw.headers["content-type"] !== undefined)
      request.raw.headers["content-type"] = "application/json";
    const theirs = request.headers[VERSION_HEADER];
    // A client of another version may still ask the daemon for its version, and stop it.
    if (
      typeof theirs !== "string" ||
      compatible(theirs, VERSION) ||
      request.url.startsWith("/v1/daemon")
    )
      return done();
    const problem = `the daemon is liveops ${VERSION}, the client is ${theirs}; run liveops restart with the newer of the two`;
    done(new Refusal("LIVEOPS_VERSION", problem));
  });
  handleErrors(app);
  for (const routes of ROUTE_PLUGINS) app.register(routes, { context, connections });
  for (const { routes } of context.features) if (routes) app.register(routes, { connections });
  return app;
}

/** Milliseconds a client may take to read why its request was refused. */
const LINGER_MS = 2000;

/**
 * Answers a request that is not valid HTTP or did not arrive in time, and closes its connection.
 */
function refuseMalformed(error: NodeJS.ErrnoException, socket: import("node:net").Socket): void {
  const why =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? "the request did not arrive in time; send it again"
      : `the request is not valid HTTP: ${error.message}`;
  plainAnswer(socket, new Refusal("LIVEOPS_BAD_REQUEST", why), LINGER_MS);
}
