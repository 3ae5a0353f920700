/** Subscriptions: the client is told when a subscribed record or log changes, until the operation is finished. */
import { setTimeout as delay } from "node:timers/promises";
import { type McpServer, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { Client } from "../../../protocol/client/client.js";
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
    if (name === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `no resource ${uri}`);
    if (open.has(uri)) return {};
    if (open.size >= MOST)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `${MOST} resources are subscribed; unsubscribe from one`,
      );
    const stop = new AbortController();
    open.set(uri, stop);
    try {
      const id = decodeURIComponent(name);
      const client = await withErrors(daemon, async ({ client }) => {
        await client.show(id, stop.signal);
        return client;
      });
      void follow(client, id, AbortSignal.any([stop.signal, daemon.ended]), () =>
        server.server.sendResourceUpdated({ uri }),
      )
        .catch((error: Error) => {
          if (!stop.signal.aborted && !daemon.ended.aborted) say(daemon.to, `${uri}: ${error.message}`);
        })
        .finally(() => open.delete(uri));
    } catch (error) {
      open.delete(uri);
      throw error;
    }
    return {};
  });
  server.server.setRequestHandler("resources/unsubscribe", async ({ params: { uri } }) => {
    open.get(uri)?.abort();
    return {};
  });
}

/** Calls `notify` after changes, at most every `PAUSE_MS`, until the operation is finished. */
async function follow(
  client: Client,
  id: string,
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
    // The first record is the state at the time of the subscription.
    let isFirst = true;
    for await (const _ of watchOperation(client, id, false, { signal })) {
      if (!isFirst) isChanged = true;
      isFirst = false;
    }
    isOver = true;
  };
  await Promise.all([reader(), sender()]);
}
