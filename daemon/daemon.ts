/**
 * The daemon, put together: locks, store, loader, executor, hub and server, started in this order and stopped in the
 * reverse one.
 */
import { EventEmitter } from "node:events";
import { setTimeout as after } from "node:timers/promises";
import type { Blocked, Operation } from "../protocol/operation.js";
import { isFinal } from "../protocol/state.js";
import { AuditLog } from "./audit/audit-log.js";
import { Backups } from "./backup/backups.js";
import { BlockedTypes } from "./blocked-types.js";
import { Containment } from "./containment/containment.js";
import type { Context } from "./context.js";
import { Executor } from "./executor.js";
import { loadSchemas } from "./http/route.js";
import { buildServer } from "./http/server.js";
import { IdleMemory } from "./idle-memory.js";
import { Lifecycle } from "./lifecycle.js";
import { checkSocketPath, DaemonSocket, SocketTakenError } from "./listen.js";
import { Loader } from "./loader/loader.js";
import { lockStateDir } from "./lock/state-lock.js";
import type { DaemonLog } from "./log/daemon-log.js";
import { Queue } from "./queue.js";
import { QueueFeed } from "./queue-feed.js";
import { Releasers } from "./releasers.js";
import { Retention } from "./retention.js";
import { linesAfter } from "./run-files/log-slices.js";
import { isUnreadable } from "./run-files/unreadable.js";
import type { Settings } from "./settings.js";
import { find, present } from "./shown.js";
import { StateGuard } from "./state-guard.js";
import { Stopping } from "./stopping.js";
import type { Entry } from "./store/decision.js";
import { checkStateDir } from "./store/directories.js";
import { type Holder, readHolder, removeHolder, writeHolder } from "./store/holder.js";
import { layoutOf, runDir } from "./store/layout.js";
import type { Change } from "./store/ledger.js";
import { prepareStateFiles, putAsideIfOdd } from "./store/odd-objects.js";
import { StateDocumentWriter } from "./store/state-document.js";
import { Store } from "./store/store.js";
import { Sweep } from "./sweep.js";
import { TrustedClock } from "./trusted-clock.js";
import { turnByTurn } from "./turn-by-turn.js";
import { hasUnownedWorker, takeUpUnowned } from "./unowned.js";
import { Hub } from "./watch/hub.js";
import { fits } from "./watch/scope.js";

/** Another daemon has the state dir or the socket; `holder`: who it is, as far as the state dir tells. */
export class AlreadyRunningError extends Error {
  override name = "AlreadyRunningError";
  constructor(
    message: string,
    readonly holder: Holder | null,
  ) {
    super(message);
  }
}

/** How long the ends of operations whose run files were removed may take to be recorded, in ms. */
const RECORD_MS = 1000;

export interface Daemon {
  context: Context;
  /** Resolves when it begins to stop. */
  stopBegun: Promise<void>;
  /** Resolves when it has stopped, for whatever reason; rejects where its disk failed it. */
  stopped: Promise<void>;
  stop(): Promise<void>;
}

export async function startDaemon(settings: Settings, makeLog: () => DaemonLog): Promise<Daemon> {
  const releasers = new Releasers();
  try {
    return await assemble(settings, makeLog, releasers);
  } catch (error) {
    await releasers.release();
    throw error;
  }
}

function takeSocket(path: string): DaemonSocket {
  const socket = DaemonSocket.take(path);
  if (!socket) throw new AlreadyRunningError(`another daemon uses the socket ${path}`, null);
  return socket;
}

async function assemble(settings: Settings, makeLog: () => DaemonLog, releasers: Releasers): Promise<Daemon> {
  const layout = layoutOf(settings.stateDir);
  checkSocketPath(settings.socket);
  checkStateDir(layout);
  const oddLock = putAsideIfOdd(layout.lock);
  const stateLock = await lockStateDir(layout);
  if (!stateLock) {
    const message = `another daemon uses the state directory ${settings.stateDir}`;
    throw new AlreadyRunningError(message, readHolder(layout));
  }
  releasers.add(() => stateLock.release());
  const odd = prepareStateFiles(layout, settings.socket);
  if (oddLock !== null) odd.push(oddLock);
  const daemonSocket = takeSocket(settings.socket);
  releasers.add(() => daemonSocket.release());
  writeHolder(layout, { pid: process.pid, socket: settings.socket });
  releasers.add(() => removeHolder(layout));

  const { logger: log, appendText, problem: logProblem } = makeLog();
  const signals = new EventEmitter().setMaxListeners(0);
  const queue = new Queue();
  const clock = new TrustedClock(layout.clock);
  const idleMemory = new IdleMemory();
  releasers.add(() => idleMemory.stop());
  const stopped = Promise.withResolvers<void>();
  // During the start nobody waits for it yet.
  stopped.promise.catch(() => {});
  const stopBegun = Promise.withResolvers<void>();
  let ending: Promise<void> | null = null;

  const store = new Store({
    layout,
    onChange: (changes) => {
      changes.forEach(tell);
      executor.kick();
    },
    onForget: (id) => hub.versions.drop(id),
    onBroken,
    now: () => clock.now(),
  });
  const stateDocument = new StateDocumentWriter(layout.document, {
    journal: () => store.journalNumber,
    counts: () => store.counts(),
    operations: () => [...store.recent.values(), ...live()].sort((a, b) => a.order - b.order).map(shown),
    onError: (error) => log.error({ err: error }, `${layout.document} could not be written`),
  });
  const lifecycle = new Lifecycle(store, layout, settings.maxChainLength);
  const loader = new Loader(settings.opsDirs, appendText);
  const hub = new Hub({
    record: (id) => {
      const entry = store.find(id);
      return entry ? shown(entry) : null;
    },
    matching: (scope) => {
      const finished = [...store.recent.values()].filter((entry) => fits(scope, entry.record));
      const fitting = [
        ...finished.slice(Math.max(0, finished.length - scope.limit)),
        ...live().filter((entry) => fits(scope, entry.record)),
      ];
      return fitting.sort((a, b) => a.order - b.order).map(shown);
    },
    counts: () => store.counts(),
    linesAfter: (id, after, limit) => {
      try {
        return linesAfter(runDir(layout, id), after, limit).lines;
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        // A stream of many operations goes on with the others; a page of this log is answered with the reason.
        log.warn({ err: error, id }, "log lines of a watch stream cannot be read");
        return [];
      }
    },
  });
  const blockedTypes = new BlockedTypes({
    store,
    lifecycle,
    loader,
    queue,
    log,
    file: layout.blockedTypes,
    maxWait: settings.maxTypeWait,
    onChange: (entry) => hub.changedKey(entry.record, "blocked"),
    onReady: () => executor.kick(),
  });
  const containment = new Containment({ setting: settings.cgroup, log });
  releasers.add(() => containment.stop());
  const executor = new Executor({
    blockedTypes,
    onWorkersBlocked: () => {
      for (const { record } of store.ledger.entries.values())
        if (record.state === "queued") hub.changedKey(record, "blocked");
    },
    store,
    lifecycle,
    loader,
    queue,
    layout,
    log,
    concurrency: settings.concurrency,
    nice: settings.nice,
    maxLog: settings.maxLog,
    containment,
    userCode: () => loader.hasUserCode(settings.shippedDirs),
    onLeft: () => sweep.start(),
    onBroken,
    listener: {
      onChange: (entry, before) => {
        idleMemory.stir();
        stateDocument.changed();
        hub.changed(before, entry.record);
        signals.emit(entry.record.id);
      },
      onHindered: ({ record }, key) => {
        hub.changedKey(record, key);
        // Its time left is shown or not by that.
        if (record.progress !== null) hub.changedKey(record, "progress");
      },
      onLines: (entry, lines) => {
        hub.lines(entry.record.id, lines);
        signals.emit(entry.record.id);
      },
    },
  });

  function live(): Entry[] {
    return [...store.ledger.entries.values()].filter((entry) => !isFinal(entry.record.state));
  }

  function noteProblem(problem: string): void {
    if (store.problems.includes(problem)) return;
    store.addProblem(problem);
    log.error(problem);
  }

  function shown(entry: Entry): Operation {
    return present(entry, queue, executor.attempts.get(entry.record.id), blockedBy);
  }

  function blockedBy({ record }: Entry): Blocked | null {
    return blockedTypes.of(record.op) ?? executor.pool.blocked;
  }

  const feed = new QueueFeed({
    queue,
    entry: (id) => store.ledger.get(id) ?? null,
    onReady: () => executor.kick(),
    onMoved: (entry) => hub.changedKey(entry.record, "queuePosition"),
    isWatched: () => hub.watchers > 0,
    hold: (entry) => blockedTypes.hold(entry),
    unhold: (record) => blockedTypes.remove(record),
  });
  releasers.add(() => feed.stop());

  function tell({ id, before, after }: Change): void {
    idleMemory.stir();
    stateDocument.changed();
    feed.changed(id, before, after);
    if (after) hub.changed(before, after);
    else hub.removed(id);
    // Nobody listens for one that was not there.
    if (before) signals.emit(id);
  }

  const stopping = new Stopping(executor, lifecycle, store);
  const guard = new StateGuard({
    layout,
    lock: stateLock,
    touched: [daemonSocket.lockFile],
    onRemoved: (error) => void fail(error, "the state directory is not as it was; stopping"),
    onLook: () => void keepSocket(),
  });
  releasers.add(() => guard.stop());

  store.problems.push(...odd);
  await store.start();
  releasers.add(() => store.stop());
  if (store.problems.length > 0 || hasUnownedWorker(store, layout))
    store.problems.push(...(await takeUpUnowned(store, layout)));
  for (const problem of store.problems) log.error(problem);
  releasers.add(() => stateDocument.stop());
  for (const entry of store.ledger.entries.values()) noteStored(entry);
  function noteStored(entry: Entry): void {
    hub.changed(null, entry.record);
    if (entry.record.state === "queued") feed.enqueue(entry);
  }
  const sweep = new Sweep({
    dir: layout.workers,
    isNeeded: (workerId) => executor.needs(workerId),
    kill: (workerId) => containment.killUnknown(workerId),
    onEnded: (workerId) => log.warn({ workerId }, "a worker that ran nothing we know of was ended"),
  });
  releasers.add(() => sweep.stop());
  sweep.start();

  const audit = new AuditLog(layout);
  releasers.add(() => audit.stop());
  const backups = new Backups(store, layout);
  releasers.add(() => backups.stop());
  const context: Context = {
    settings,
    layout,
    store,
    lifecycle,
    executor,
    blockedTypes,
    containment,
    loader,
    queue,
    hub,
    clock,
    log,
    audit,
    backups,
    logProblem,
    startedAt: new Date().toISOString(),
    signals,
    present: shown,
    whole: (entry) => store.payloads.complete(shown(entry), noteProblem),
    find: (typed) => find(store, typed),
    isStopping: () => stopping.begun,
    prepareStop: (now) => stopping.prepare(now),
    stop: () => void stop(),
  };

  const retention = new Retention({ store, lifecycle, limits: settings, clock, log });
  releasers.add(() => retention.stop());
  releasers.add(() => loader.stop());
  releasers.add(() => blockedTypes.stop());
  // What runs is taken up before anyone is answered; processes are forked after that.
  executor.pause();
  executor.start();
  releasers.add(() => executor.stop());
  const app = buildServer(context);
  app.server.on("request", () => idleMemory.stir());
  releasers.add(() => app.close());
  releasers.add(() => hub.stop());
  await daemonSocket.listen(app);
  releasers.add(() => daemonSocket.remove());
  const { socket, stateDir } = settings;
  // What the first answer does not need.
  turnByTurn(
    [
      // Before any process is forked.
      () => containment.open(),
      () => loader.start(),
      () => log.info({ socket, stateDir, pid: process.pid }, "liveopsd answers"),
      // One that was told to stop by now starts nothing.
      () => void (stopping.begun || executor.resume()),
      () => void loadSchemas(),
      () => {
        for (const entry of store.recent.values()) hub.changed(null, entry.record);
      },
      () => store.payloads.removeOrphans((id) => store.knows(id)),
      () => void stateDocument.write(),
      () => retention.start(),
      () => containment.removeEmpty((workerId) => executor.needs(workerId)),
    ],
    () => ending !== null,
  );

  let socketFault = "";
  async function keepSocket(): Promise<void> {
    try {
      if (!(await daemonSocket.keep())) return;
      socketFault = "";
      log.warn({ socket }, "the socket or its lock was removed, and was made again");
    } catch (error) {
      if (error instanceof SocketTakenError) return fail(error, "another daemon has the socket; stopping");
      // Tried again with the next look, and said once.
      const { message } = error as Error;
      if (message !== socketFault)
        log.error({ err: error }, "the socket was removed and cannot be made again");
      socketFault = message;
    }
  }

  /** Nothing is tried again: what was acknowledged is on disk, and the next daemon recovers from there. */
  function onBroken(error: Error): void {
    void fail(error, "the state directory could not be written; liveopsd stops, and the next start recovers");
  }

  /** Stops without a checkpoint: the state is not this daemon's any more, or cannot be written. */
  async function fail(error: Error, what: string): Promise<void> {
    const reason = guard.problem() ?? error;
    guard.stop();
    log.fatal({ err: reason }, what);
    stopping.begun = true;
    executor.pause();
    if (!guard.hasRuns()) {
      // Nothing of what they write is kept any more.
      for (const attempt of executor.attempts.values()) attempt.kill();
      if (guard.hasJournal()) await Promise.race([executor.idle().catch(() => {}), after(RECORD_MS)]);
    }
    daemonSocket.remove();
    stopped.reject(reason);
  }

  function stop(): Promise<void> {
    ending ??= (async () => {
      stopBegun.resolve();
      log.info({ running: executor.attempts.size }, "liveopsd stops");
      await releasers.release();
      stopped.resolve();
    })();
    return ending;
  }

  return { context, stopBegun: stopBegun.promise, stopped: stopped.promise, stop };
}
