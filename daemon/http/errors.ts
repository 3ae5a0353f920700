/** Every error becomes problem details here, and nowhere else. */
import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import type { Logger } from "pino";
import { Refusal } from "../../protocol/errors.js";
import { StoreFullError } from "../store/journal.js";
import { readAway } from "./read-away.js";

export function handleErrors(app: FastifyInstance, log: Logger, maxBody: number): void {
  app.setNotFoundHandler((request, reply) => {
    const refusal = new Refusal(
      "LIVEOPS_NO_SUCH_ROUTE",
      `there is no ${request.method} ${request.url.split("?")[0]}; GET /openapi.json lists the routes`,
    );
    return sendProblem(reply, refusal);
  });
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const refusal = asRefusal(error, maxBody);
    if (refusal.status === 413) await readAway(request.raw);
    if (refusal.status >= 500 && refusal.code === "LIVEOPS_INTERNAL") {
      log.error({ err: error, method: request.method, url: request.url }, "a request failed");
    }
    return sendProblem(reply, refusal);
  });
}

export function sendProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  return reply.code(refusal.status).type(PROBLEM).send(refusal.toProblem());
}

const PROBLEM = "application/problem+json";

export function asRefusal(error: FastifyError | Error, maxBody: number): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof StoreFullError) {
    return new Refusal(
      "LIVEOPS_STORE_FULL",
      "nothing was recorded: the state directory's disk is full; make room, then try again",
    );
  }
  const status = "statusCode" in error ? (error.statusCode ?? 500) : 500;
  if (status === 413) {
    return new Refusal(
      "LIVEOPS_TOO_LARGE",
      `the body is larger than ${maxBody} bytes; put large input into a file and pass its path`,
    );
  }
  if (status >= 400 && status < 500) return new Refusal("LIVEOPS_BAD_REQUEST", error.message);
  return new Refusal("LIVEOPS_INTERNAL", `${error.message}; liveopsd logs has more`);
}
