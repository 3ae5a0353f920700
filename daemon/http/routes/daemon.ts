/** The routes of the daemon itself: its status and stop, and its hosts. */

import type { DaemonReply } from "../../../protocol/replies.js";
import { ownMemory } from "../../../protocol/system/own-process.js";
import { VERSION } from "../../../protocol/version.js";
import { ownPackage, workerVersions } from "../../worker/versions.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

export const daemonRoutes: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("daemon"),
    handler: async () => describe(context, await context.loadProblems.list()),
  });
  app.route({
    ...definition("stop"),
    handler: async ({ body }, reply) => {
      const said = await context.stopping.prepare(body.now);
      // The answer is sent first: stopping closes every connection. The client may already be gone.
      if (reply.raw.destroyed) context.stop();
      else reply.raw.once("close", () => context.stop());
      return said;
    },
  });
  const { hosts } = context;
  app.route({ ...definition("hosts"), handler: () => hosts.describe() });
  app.route({
    ...definition("declareLost"),
    handler: ({ params }) => hosts.declareLost(params.host),
  });
  app.route({ ...definition("drain"), handler: ({ body }) => hosts.drain(body.draining) });
  done();
};

function describe(context: Context, notLoading: readonly string[]): DaemonReply {
  const {
    settings,
    config,
    store,
    scheduler,
    containment,
    hub,
    startedAt,
    address,
    copied,
    features,
    hosts,
  } = context;
  const { busy, idle } = scheduler.pool.counts();
  return {
    version: VERSION,
    host: hosts.name,
    engine: hosts.engine(),
    draining: hosts.isDraining,
    running: scheduler.attempts.size,
    pid: process.pid,
    node: process.versions.node,
    package: ownPackage(),
    startedAt,
    socket: address.path,
    stateDir: settings.stateDir,
    opsDirs: settings.opsDirs,
    config: config.state,
    concurrency: settings.concurrency,
    logLevel: settings.logLevel,
    flags: settings.flags,
    metrics: null,
    ...Object.assign({}, ...features.map((feature) => feature.report?.())),
    counts: store.ledger.withAsking(store.counts("none")),
    workers: {
      busy,
      idle,
      blocked: scheduler.pool.blocked,
      versions: workerVersions([...scheduler.attempts.values()].map(({ run }) => run)),
    },
    watchers: hub.watchers,
    storeFull: store.isFull,
    freeBytes: store.freeBytes(),
    noRoom: [...scheduler.attempts.values()].filter(({ noRoomSince }) => noRoomSince !== null)
      .length,
    containment: containment.report(),
    memory: ownMemory(),
    copyOf: copied.report(),
    problems: [
      ...problemsOf(context),
      ...features.flatMap((feature) => feature.problems?.() ?? []),
      ...notLoading,
    ],
  };
}

/** What the start has found wrong, and what is wrong with the files of the daemon now. */
export function problemsOf({ store, daemonLog, address, copied }: Context): string[] {
  const log = daemonLog.problem();
  return [
    ...store.problems,
    log && `the log cannot be written: ${log}; make the file writable, or remove it`,
    address.problem,
    copied.describe(),
  ].filter((problem) => problem !== null);
}
