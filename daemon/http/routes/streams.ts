/** The two NDJSON streams: `GET /v1/watch` and `GET /v1/operations/:id/events`. */

import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { WITHIN_HEADER, withinOf } from "../../../protocol/client/within-header.js";
import { FIRST_QUEUED } from "../../../protocol/limits.js";
import { isFinal } from "../../../protocol/state.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import { VERSION, VERSION_HEADER } from "../../../protocol/version.js";
import { MergedEvents } from "../../run-files/merged-events.js";
import { attemptsIn } from "../../run-files/runs.js";
import { checkRunFiles, isUnreadable, runFilesRefusal } from "../../run-files/unreadable.js";
import { eventsOf } from "../../store/entry-events.js";
import { runDir } from "../../store/layout.js";
import type { Connections } from "../connections.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

/**
 * Opens an NDJSON reply that is hijacked from fastify: this code controls its flow.
 *
 * @param untilClosed the reply ends with the connection: each chunk would cost half as much as
 *   its delivery
 * @throws Refusal if too many streams are open
 */
export function openStream(
  reply: FastifyReply,
  connections: Connections,
  untilClosed = false,
): ServerResponse {
  connections.admitStream(reply.raw);
  reply.hijack();
  const response = reply.raw;
  if (untilClosed) {
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
  }
  response.writeHead(200, {
    "content-type": "application/x-ndjson; charset=utf-8",
    "cache-control": "no-store",
    [VERSION_HEADER]: VERSION,
  });
  response.on("error", () => response.destroy());
  return response;
}

/**
 * The operation inside of which the client runs waits for others as long as the reply is open.
 *
 * @throws Refusal where one of them waits for it
 */
async function waitWhileOpen(
  { edges }: Context,
  headers: FastifyRequest["headers"],
  { raw }: FastifyReply,
  ids: readonly string[],
): Promise<void> {
  const close = await edges.open(withinOf(headers[WITHIN_HEADER]), ids);
  if (raw.closed) close();
  else raw.on("close", close);
}

export const watchRoute: RoutePlugin = (app, { context, connections }, done) => {
  app.route({
    ...definition("watch"),
    handler: async ({ query, headers }, reply) => {
      const {
        operation,
        follow,
        waits = [],
        log,
        logAfter,
        state,
        op,
        parent = null,
        limit,
        histories,
      } = query;
      const id = operation === undefined ? null : (await context.view.find(operation)).record.id;
      await waitWhileOpen(context, headers, reply, id === null ? waits : [id]);
      if (id !== null) await context.runs.bring([id]);
      const scope = {
        operation: id,
        followChain: follow === "chain",
        state: state ?? null,
        op: op ?? null,
        parent,
        limit,
        queued: FIRST_QUEUED,
        log,
        histories,
      };
      context.hub.attach(scope, openStream(reply, connections, true), logAfter);
      return reply;
    },
  });
  done();
};

/** Pieces of the run files that are read before a reply begins: then it can still be refused. */
const PIECES_AHEAD = 4;

/**
 * Milliseconds between two pings. By them a client tells a quiet operation from a daemon that is
 * gone.
 */
const PING_MS = 15_000;

/**
 * `GET /v1/operations/:id/events`: the stored events of all attempts, and with `follow` new events.
 */
export const eventsRoute: RoutePlugin = (app, { context, connections }, done) => {
  /** Emits the id of an operation with a new record, new events or new lines. */
  const news = new EventEmitter().setMaxListeners(0);
  const { logReaders } = context.hub;
  context.bus.on("decided", (changes) => {
    for (const { id } of changes) news.emit(id);
  });
  context.bus.on("record", ({ record }) => news.emit(record.id));
  app.route({
    ...definition("events"),
    handler: async ({ params, query, headers }, reply) => {
      const entry = await context.view.find(params.id);
      const { id } = entry.record;
      if (query.follow) await waitWhileOpen(context, headers, reply, [id]);
      await context.runs.bring([id]);
      const dir = runDir(context.layout, id);
      const events = new MergedEvents(context.runs.of(id), query.after, query.log);
      const ahead: EventLine[] = [];
      let response: ServerResponse;
      try {
        checkRunFiles(dir, attemptsIn(dir));
        for (let n = 0; n < PIECES_AHEAD; n++)
          ahead.push(...events.read(eventsOf(entry), entry.record.attempt));
        response = openStream(reply, connections);
      } catch (error) {
        events.close();
        throw isUnreadable(error) ? runFilesRefusal(id, error) : error;
      }
      const pump = () => {
        try {
          write(ahead.splice(0), response);
          send(context, id, events, query.follow, response);
        } catch (error) {
          if (!isUnreadable(error)) throw error;
          context.log.warn(
            { err: error, id },
            "an event stream was cut off: run files cannot be read",
          );
          response.destroy();
        }
      };
      response.on("drain", pump);
      if (query.follow) news.on(id, pump);
      if (query.follow && query.log) logReaders.add(id);
      const pings = query.follow ? setInterval(() => ping(response), PING_MS) : undefined;
      response.on("close", () => {
        clearInterval(pings);
        news.off(id, pump);
        if (query.follow && query.log) logReaders.remove(id);
        events.close();
      });
      pump();
      return reply;
    },
  });
  done();
};

/** A stream that has not drained needs no ping: its unread lines show that the daemon is alive. */
function ping(response: ReturnType<typeof openStream>): void {
  if (!response.writableNeedDrain && !response.writableEnded) response.write('{"type":"ping"}\n');
}

/** Sends lines until the stream is full; the rest stays on disk until the stream drains. */
function send(
  context: Context,
  id: string,
  events: MergedEvents,
  follow: boolean,
  response: ReturnType<typeof openStream>,
): void {
  while (!response.writableNeedDrain && !response.writableEnded && !response.destroyed) {
    const entry = context.store.find(id);
    if (!entry) {
      response.end();
      return;
    }
    const { record } = entry;
    const lines = events.read(eventsOf(entry), record.attempt);
    if (lines.length > 0) write(lines, response);
    else if (!follow || isFinal(record.state)) {
      response.end(
        follow ? `${JSON.stringify({ type: "end", state: record.state })}\n` : undefined,
      );
      return;
    } else return;
  }
}

function write(lines: EventLine[], response: ServerResponse): void {
  if (lines.length === 0) return;
  response.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
