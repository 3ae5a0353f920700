/**
 * Turns every error into problem details, as a reply or on a bare connection. No other file does
 * this.
 */

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
} from "fastify";
import type * as z from "zod/mini";
import { Refusal } from "../../protocol/errors.js";
import { MAX_BODY } from "../../protocol/limits.js";
import { PATHS } from "../../protocol/paths.js";
import { VERSION, VERSION_HEADER } from "../../protocol/version.js";
import { isOfSystem } from "../store/durable-file.js";
import type { NotRecordedError } from "../store/not-recorded.js";
import { badRequest, inputProblem } from "./input-problem.js";
import { drainBody } from "./request-body.js";

export function handleErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0]!;
    const methods = methodsOf(path);
    if (methods.length === 0) {
      const detail = `there is no ${request.method} ${path}; docs/protocol.md lists the routes`;
      return sendProblem(reply, new Refusal("LIVEOPS_NO_SUCH_ROUTE", detail));
    }
    const allowed = methods.join(", ");
    reply.header("allow", allowed);
    const detail = `${path} does not take ${request.method}; it takes ${allowed}; docs/protocol.md lists the routes`;
    return sendProblem(reply, new Refusal("LIVEOPS_METHOD_NOT_ALLOWED", detail));
  });
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const refusal = error.validation ? invalidInput(error, request) : asRefusal(error);
    if (refusal.status === 413) await drainBody(request.raw);
    if (["LIVEOPS_INTERNAL", "LIVEOPS_STORE_FAILED"].includes(refusal.code)) {
      request.log.error(
        { err: error, method: request.method, url: request.url },
        "a request failed",
      );
    }
    return sendProblem(reply, refusal);
  });
}

/** The methods of each path in the route table. fastify answers HEAD for every GET. */
const METHODS = Object.values(PATHS).map(({ method, path }) => ({
  pattern: new RegExp(`^${path.replace(".", "\\.").replace(/:\w+/g, "[^/]+")}$`),
  methods: method === "GET" ? ["GET", "HEAD"] : [method],
}));

function methodsOf(path: string): string[] {
  return METHODS.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : []));
}

/** Describes the problem in the part of the request that its schema does not accept. */
function invalidInput({ validationContext }: FastifyError, request: FastifyRequest): Refusal {
  const place = validationContext as "params" | "querystring" | "body";
  const schemas = request.routeOptions.schema as FastifySchema;
  const where = ({ params: "path", querystring: "query", body: "body" } as const)[place];
  const value = { path: request.params, query: request.query, body: request.body }[where];
  return badRequest(inputProblem(schemas[place] as z.ZodMiniType, value, where));
}

export function sendProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  return reply.code(refusal.status).type(PROBLEM).send(refusal.toProblem());
}

const PROBLEM = "application/problem+json";

export function asRefusal(error: FastifyError | Error): Refusal {
  if (error instanceof Refusal) return error;
  if ("toRefusal" in error) return (error as NotRecordedError).toRefusal();
  const status = "statusCode" in error ? (error.statusCode ?? 500) : 500;
  if (status === 413) {
    return new Refusal(
      "LIVEOPS_TOO_LARGE",
      `the body is larger than ${MAX_BODY} bytes; put large input into a file and pass its path`,
    );
  }
  if (status >= 400 && status < 500) return new Refusal("LIVEOPS_BAD_REQUEST", error.message);
  const refusal = isOfSystem(error) ? "LIVEOPS_STORE_FAILED" : "LIVEOPS_INTERNAL";
  return new Refusal(refusal, `${error.message}; liveopsd logs shows more`);
}

/**
 * Sends a problem on a bare connection, if a request reaches no route: invalid HTTP, or too many
 * connections. Then the connection closes, whether or not the client reads the problem.
 *
 * @param lingerMs how long the client may take to close; 0: the connection closes as soon as the
 *   answer is sent
 */
export function plainAnswer(socket: Socket, refusal: Refusal, lingerMs: number): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(refusal.toProblem());
  const text =
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${VERSION_HEADER}: ${VERSION}\r\n` +
    `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
    `connection: close\r\n\r\n${body}`;
  // A client that reads nothing does not keep the connection.
  const timer = setTimeout(() => socket.destroy(), Math.max(lingerMs, 1000));
  socket.once("close", () => clearTimeout(timer));
  socket.end(text, () => {
    if (lingerMs === 0) socket.destroy();
  });
}
