/**
 * `POST /v1/cancel`, `/v1/retry` and `/v1/remove`: many operations in one step. The reply has a
 * line for each of them.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FastifyRequest } from "fastify";
import type { Operation } from "../../../protocol/operation.js";
import type { SelectionBody } from "../../../protocol/requests.js";
import { isFinal, mayMove, STATES, type State } from "../../../protocol/state.js";
import type { SelectionLine } from "../../../protocol/stream-lines.js";
import { retryOperation } from "../../admission/retry.js";
import type { Entry } from "../../store/decision.js";
import { asRefusal } from "../errors.js";
import { personOf } from "../person.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";
import { type Piece, select } from "../selection.js";
import { cancelOperation, removeOperation, wholeRecord } from "./operations.js";
import { openStream } from "./streams.js";

interface Change {
  /** States of the operations that a filter selects. */
  states: readonly State[];
  /** Resolves with the record of an operation that is gone. */
  act(entry: Entry): Promise<Operation | null>;
}

export const selectionRoutes: RoutePlugin = (app, { context, connections }, done) => {
  /** Selects before the stream is open: a wrong body gets an error as its reply. */
  const reply = (
    request: FastifyRequest<{ Body: SelectionBody }>,
    body: SelectionBody,
    raw: Parameters<typeof openStream>[0],
    change: Change,
  ) => {
    const pieces = select(context, body, change.states);
    const response = openStream(raw, connections);
    let isOver = false;
    const lines = async function* () {
      for await (const line of changeAll(context, pieces, change.act)) {
        // A client may close the connection as soon as it has the last line.
        isOver = line.type === "end";
        yield `${JSON.stringify(line)}\n`;
      }
    };
    // It ends where the client closes the connection: pieces that have not begun are left as they
    // are.
    pipeline(Readable.from(lines()), response).catch((err: Error) => {
      if (!isOver)
        context.log.warn({ err, url: request.url }, "a request on many operations was cut off");
    });
    return raw;
  };
  app.route({
    ...definition("cancelAll"),
    handler: (request, raw) =>
      reply(request, request.body, raw, {
        states: STATES.filter((state) => !isFinal(state)),
        act: ({ record }) => cancelOperation(context, record.id),
      }),
  });
  app.route({
    ...definition("retryAll"),
    handler: (request, raw) =>
      reply(request, request.body, raw, {
        states: STATES.filter((state) => isFinal(state) && mayMove(state, "queued")),
        act: async (entry) => {
          const { from, current, secrets } = request.body;
          const body = {
            from,
            current,
            secrets,
          };
          await retryOperation(context, entry, body, personOf(request));
          return null;
        },
      }),
  });
  app.route({
    ...definition("removeAll"),
    handler: (request, raw) =>
      reply(request, request.body, raw, {
        states: STATES.filter(isFinal),
        act: ({ record }) => removeOperation(context, record.id),
      }),
  });
  done();
};

async function* changeAll(
  context: Context,
  pieces: AsyncGenerator<Piece>,
  act: Change["act"],
): AsyncGenerator<SelectionLine> {
  const refusal = (id: string, error: unknown): SelectionLine => {
    const its = asRefusal(error as Error);
    if (its.code === "LIVEOPS_INTERNAL") context.log.error({ err: error, id }, "a request failed");
    return { type: "refused", id, problem: its.toProblem() };
  };
  for await (const { entries, missing } of pieces) {
    // All in one turn: each waits for its lock before a slot that another one leaves is given away.
    const outcomes = await Promise.allSettled(entries.map(act));
    for (const [id, error] of missing) yield refusal(id, error);
    for (const [i, outcome] of outcomes.entries()) {
      const { id } = entries[i]!.record;
      if (outcome.status === "rejected") yield refusal(id, outcome.reason);
      else
        yield {
          type: "changed",
          operation: outcome.value ?? (await wholeRecord(context, id)),
        };
    }
  }
  yield { type: "end" };
}
