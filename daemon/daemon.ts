/**
 * One run of the daemon: it locks the state directory and the socket, starts its services in order,
 * and stops them in reverse. A daemon whose state is removed or cannot be written fails: it stops
 * at once and records nothing more.
 */
import { configFile } from "../protocol/system/places.js";
import { atMost } from "../protocol/system/until.js";
import { ConfigFile } from "./admin/config-file.js";
import { CleanupStack } from "./cleanup-stack.js";
import { compose, type Parts } from "./compose.js";
import type { MakeEngine } from "./engine.js";
import { engineOf } from "./engines.js";
import { FEATURES } from "./features.js";
import type { Context } from "./http/route-definition.js";
import { buildServer } from "./http/server.js";
import type { DaemonLog } from "./log/daemon-log.js";
import { StateGuard } from "./recovery/state-guard.js";
import type { Settings } from "./settings.js";
import { type HeldPlaces, holdPlaces } from "./socket/held-places.js";
import { SocketKeeper } from "./socket/socket-keeper.js";

/** Time in ms after the start in which no process is started that nothing needs. */
const IDLE_MS = 1000;

/** Time limit in ms for recording the finish of operations whose run files were removed. */
const RECORD_MS = 1000;

/** Time limit in ms for the end of the processes of operations whose run files were removed. */
const KILL_MS = 4000;

export interface Daemon {
  context: Context;
  /** Resolves when the daemon begins to stop. */
  stopBegun: Promise<void>;
  /**
   * Resolves when the daemon has stopped; rejects where its state was lost or could not be written.
   */
  stopped: Promise<void>;
  stop(): Promise<void>;
}

interface DaemonOptions {
  /** Default: by the settings. */
  makeEngine?: MakeEngine;
}

/** @throws AlreadyRunningError, PlaceError, or the error that prevents the start */
export async function startDaemon(
  settings: Settings,
  makeLog: () => DaemonLog,
  options: DaemonOptions = {},
): Promise<Daemon> {
  const cleanup = new CleanupStack();
  try {
    const places = await holdPlaces(settings, cleanup);
    const run = new DaemonRun(settings, places, makeLog(), cleanup, options);
    await run.start();
    return run;
  } catch (error) {
    await cleanup.release();
    throw error;
  }
}

class DaemonRun implements Daemon {
  readonly context: Context;
  readonly #parts: Parts;
  readonly #guard: StateGuard;
  readonly #stopBegun = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #sockets: SocketKeeper;
  #ending: Promise<void> | null = null;
  #isFailing = false;

  constructor(
    private readonly settings: Settings,
    private readonly places: HeldPlaces,
    private readonly log: DaemonLog,
    private readonly cleanup: CleanupStack,
    { makeEngine = engineOf(settings) }: DaemonOptions,
  ) {
    const { layout, stateLock, socket } = places;
    // During the start nothing awaits this promise yet.
    this.#stopped.promise.catch(() => {});
    this.#parts = compose({ settings, layout, log, makeFeatures: FEATURES, makeEngine });
    // No write is retried: what was acknowledged is on disk, and the next daemon recovers from
    // there.
    this.#parts.bus.on("broken", (error) => {
      void this.#fail(
        error,
        "the state directory could not be written; stopping; the next start recovers",
      );
    });
    this.#sockets = new SocketKeeper({
      socket,
      layout,
      settings,
      log: log.logger,
      onTaken: (error) => void this.#fail(error, "another daemon took the socket; stopping"),
    });
    this.#guard = new StateGuard({
      layout,
      lock: stateLock,
      touched: [socket.lockFile],
      onRemoved: (error) =>
        void this.#fail(error, "the state directory was removed or replaced; stopping"),
      onLook: () => void this.#sockets.look(),
    });
    this.context = {
      ...this.#parts,
      config: new ConfigFile(configFile(process.env)),
      address: this.#sockets,
      stop: () => void this.stop(),
    };
  }

  get stopBegun(): Promise<void> {
    return this.#stopBegun.promise;
  }

  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  async start(): Promise<void> {
    const { cleanup, context } = this;
    const { scheduler, hub } = this.#parts;
    await this.#startStore();
    this.#addReleasers();
    // Running operations are adopted before the first request is answered; processes are forked
    // after that.
    scheduler.pause();
    scheduler.start();
    cleanup.add(() => scheduler.stop());
    const app = buildServer(context);
    cleanup.add(() => app.close());
    cleanup.add(() => hub.stop());
    for (const feature of context.features) await feature.open?.();
    await this.#sockets.listen(app);
    cleanup.add(() => this.#sockets.close());
    this.#startTheRest();
  }

  stop(): Promise<void> {
    this.#ending ??= (async () => {
      this.#stopBegun.resolve();
      this.log.logger.info(
        { count: this.#parts.scheduler.attempts.size },
        "liveopsd is stopping; running operations continue",
      );
      this.#parts.edges.stop();
      await this.cleanup.release();
      this.#stopped.resolve();
    })();
    return this.#ending;
  }

  /** Loads the state and adopts orphans. */
  async #startStore(): Promise<void> {
    const { cleanup, places } = this;
    const { engine, store, containment, waiting, cleaner, queues, features } = this.#parts;
    for (const feature of features) {
      await feature.begin?.();
      cleanup.add(() => feature.end?.());
    }
    cleanup.add(() => containment.stop());
    cleanup.add(() => waiting.stop());
    cleanup.add(() => this.#guard.stop());
    store.problems.push(...places.problems);
    await engine.start();
    cleanup.add(() => engine.stop());
    for (const problem of store.problems) this.log.logger.error(problem);
    this.#noteStored();
    if (this.settings.startsPaused) await queues.pause(queues.names(), true);
    cleanup.add(() => cleaner.stop());
    cleaner.start();
  }

  /** The state is loaded: fills the queues and the hub. */
  #noteStored(): void {
    const { store, copied, hub, waiting, edges } = this.#parts;
    copied.recognise(store, this.settings.runsQueued);
    const copy = copied.describe();
    if (copy !== null) this.log.logger.warn(copy);
    const entries = [...store.ledger.entries.values()];
    for (const { record } of entries) hub.changed(null, record);
    edges.begin();
    waiting.add(entries.filter(({ record }) => record.state === "queued"));
  }

  /** The newest finished operations are read after the daemon answers. */
  #noteFinished(): void {
    const { store, hub } = this.#parts;
    for (const { record } of store.recent.values()) hub.changed(null, record);
  }

  #addReleasers(): void {
    const { features, retention, loader, waiting, stalls, loadProblems } = this.#parts;
    for (const feature of features) this.cleanup.add(() => feature.stop?.());
    for (const service of [retention, loader, loadProblems, waiting, stalls])
      this.cleanup.add(() => service.stop());
  }

  /** Starts what the first answer does not need, one step in each turn of the event loop. */
  #startTheRest(): void {
    const { containment, loader, scheduler, stopping, store, retention } = this.#parts;
    const { engine, stalls, loadProblems, features } = this.#parts;
    // What is asked before needs its process at once.
    setTimeout(() => {
      loader.look();
      scheduler.expect();
    }, IDLE_MS).unref();
    const { socket, stateDir } = this.settings;
    runDeferred(
      [
        // Before any process is forked.
        () => containment.open(),
        () => this.log.logger.info({ socket, dir: stateDir }, "liveopsd is listening"),
        // A daemon that is already stopping starts nothing.
        () => void (stopping.begun || scheduler.resume()),
        () => this.#noteFinished(),
        () => engine.begin(),
        () => stalls.start(),
        ...features.map((feature) => () => void feature.start?.()),
        () => loadProblems.start(),
        () =>
          store.secrets.sweep(
            (id) => !["succeeded", undefined].includes(store.find(id)?.record.state),
          ),
        () => retention.start(),
        () => containment.removeEmpty((workerId) => scheduler.needs(workerId)),
      ],
      () => this.#ending !== null,
    );
  }

  /**
   * Stops without a checkpoint: the state no longer belongs to this daemon, or cannot be written.
   */
  async #fail(error: Error, what: string): Promise<void> {
    // The removal of the state is noticed in several places.
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { scheduler, stopping, containment } = this.#parts;
    const guard = this.#guard;
    const reason = guard.problem() ?? error;
    guard.stop();
    this.log.logger.fatal({ err: reason }, what);
    stopping.begun = true;
    scheduler.pause();
    // A daemon that starts now must not wait for the kills below.
    this.#sockets.close();
    this.places.socket.release();
    if (!guard.hasRuns()) {
      // Their output can no longer be kept.
      for (const attempt of scheduler.attempts.values()) attempt.kill();
      if (guard.hasJournal())
        await atMost(
          RECORD_MS,
          scheduler.idle().catch(() => {}),
        );
      await atMost(KILL_MS, containment.idle());
    }
    this.#stopped.reject(reason);
  }
}

/**
 * Runs one step in each turn of the event loop, so that requests are answered between the steps.
 */
function runDeferred(steps: Array<() => void>, isOver: () => boolean): void {
  const [step, ...rest] = steps;
  if (!step) return;
  setImmediate(() => {
    if (isOver()) return;
    step();
    runDeferred(rest, isOver);
  });
}
