/**
 * Subscriptions: the client is told when a subscribed record or log changes, until the operation is
 * finished.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type McpServer, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { watchOperation } from "../../../protocol/client/watching.js";
import { say } from "../../kit/report.js";
import type { Daemon } from "./daemon.js";
import { withErrors } from "./resources.js";

/** Shortest time between two notifications for one resource, in ms. */
const PAUSE_MS = 500;

/** Most subscriptions at the same time; each is a stream of the daemon. */
const MOST = 50;

export function registerSubscriptions(server: McpServer, daemon: Daemon): void {
  const open = new Map<string, AbortController>();
  server.server.registerCapabilities({ resources: { subscribe: true } });
  server.server.setRequestHandler("resources/subscribe", async ({ params: { uri } }) => {
    const name = /^liveops:\/\/operations\/([^/]+)(?:\/log)?$/.exec(uri)?.[1];
    if (name === undefined)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `no resource ${uri}`);
    if (open.has(uri)) return {};
    if (open.size >= MOST)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `${MOST} resources are subscribed; unsubscribe from one`,
      );
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, daemon.ended]);
    open.set(uri, stop);
    // The client may have unsubscribed meanwhile, and subscribed again.
    const close = () => {
      if (open.get(uri) === stop) open.delete(uri);
    };
    try {
      const id = decodeURIComponent(name);
      // Once the client has the answer, it is told of each change: the stream has begun by then.
      const changes = await withErrors(daemon, async ({ client }) => {
        const records = watchOperation(client, id, false, { signal });
        await records.next();
        return records;
      });
      void follow(changes, signal, () => server.server.sendResourceUpdated({ uri }))
        .catch((error: Error) => {
          if (!signal.aborted) say(daemon.to, `${uri}: ${error.message}`);
        })
        .finally(close);
    } catch (error) {
      close();
      throw error;
    }
    return {};
  });
  server.server.setRequestHandler("resources/unsubscribe", async ({ params: { uri } }) => {
    open.get(uri)?.abort();
    open.delete(uri);
    return {};
  });
}

/** Calls `notify` after changes, at most every `PAUSE_MS`, until there are no more. */
async function follow(
  changes: AsyncIterable<unknown>,
  signal: AbortSignal,
  notify: () => Promise<void>,
): Promise<void> {
  let isChanged = false;
  let isOver = false;
  const sender = async () => {
    while (!isOver || isChanged) {
      if (isChanged) {
        isChanged = false;
        await notify();
      }
      if (!isOver) await delay(PAUSE_MS, undefined, { signal });
    }
  };
  const reader = async () => {
    try {
      for await (const _ of changes) isChanged = true;
    } finally {
      isOver = true;
    }
  };
  await Promise.all([reader(), sender()]);
}
