/**
 * Sessions: a client keeps the stream of its session open. Operations that end with their session
 * are cancelled some time after the last stream of the session has closed.
 */
import { Refusal } from "../../../protocol/errors.js";
import { isFinal } from "../../../protocol/state.js";
import type { MakeFeature } from "../../compose.js";
import type { FeatureRoutes } from "../../feature.js";
import { definition } from "../../http/route-definition.js";
import { openStream } from "../../http/routes/streams.js";
import { NotRecordedError } from "../../store/not-recorded.js";

/** Milliseconds for a client that lost its connection, or whose daemon was restarted. */
const GRACE_MS = 10_000;

const PING_MS = 15_000;

export const sessions: MakeFeature = ({ bus, lifecycle, scheduler, store, log }) => {
  /** Number of open streams, by session. */
  const open = new Map<string, number>();
  const closing = new Map<string, NodeJS.Timeout>();
  let isStopped = false;

  const mayEnd = (session: string): void => {
    // The streams close with the daemon: the next one gives the clients time to come back.
    if (isStopped || open.has(session) || closing.has(session)) return;
    closing.set(
      session,
      setTimeout(() => void end(session), GRACE_MS),
    );
  };

  async function end(session: string): Promise<void> {
    closing.delete(session);
    const all = [...store.ledger.entries.values()].filter(
      ({ record: it }) => it.session === session && it.endsWithSession && !isFinal(it.state),
    );
    for (const { record } of all)
      try {
        await lifecycle.cancel(record.id);
        scheduler.stopOperation(record.id);
      } catch (error) {
        // It has ended, or it is cancelled already.
        if (error instanceof Refusal) continue;
        if (!(error instanceof NotRecordedError)) throw error;
        log.warn(
          { err: error, id: record.id },
          "an operation could not be cancelled with its session",
        );
        mayEnd(session);
      }
  }

  bus.on("decided", (changes, { kind }, isOwn) => {
    if (!isOwn || kind !== "submitted") return;
    for (const { after } of changes)
      if (after?.endsWithSession && after.session) mayEnd(after.session);
  });

  const routes: FeatureRoutes = (app, { connections }, done) => {
    app.route({
      ...definition("openSession"),
      handler: async ({ params: { session } }, reply) => {
        const response = openStream(reply, connections);
        open.set(session, (open.get(session) ?? 0) + 1);
        clearTimeout(closing.get(session));
        closing.delete(session);
        response.write('{"type":"open"}\n');
        const pings = setInterval(() => response.write('{"type":"ping"}\n'), PING_MS);
        response.on("close", () => {
          clearInterval(pings);
          const others = open.get(session)! - 1;
          if (others > 0) open.set(session, others);
          else {
            open.delete(session);
            mayEnd(session);
          }
        });
        return reply;
      },
    });
    done();
  };

  return {
    routes,
    start: () => {
      for (const { record } of store.ledger.entries.values())
        if (record.endsWithSession && record.session) mayEnd(record.session);
    },
    stop: () => {
      isStopped = true;
      for (const timer of closing.values()) clearTimeout(timer);
    },
  };
};
