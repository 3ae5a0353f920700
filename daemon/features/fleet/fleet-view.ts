/**
 * What a host shares with the other hosts: its store, its settings and its run files. `fleet.ts`
 * runs operations.
 */
import type { EngineParts } from "../../engine.js";
import { sharedTime } from "../../os/shared-clock.js";
import { WorkerEvents } from "../../run-files/worker-events.js";
import { parseQueues, type SavedQueues } from "../../scheduler/queues.js";
import type { Decision, Entry } from "../../store/decision.js";
import type { Change } from "../../store/ledger.js";
import type { Setting } from "../../store/setting.js";
import { EngineAwayError } from "./engine/errors.js";
import { FleetEngine } from "./engine/fleet-engine.js";
import type { Head } from "./engine/rows.js";
import { FleetHosts } from "./fleet-hosts.js";
import { FleetRuns } from "./fleet-runs.js";
import { FleetTypes } from "./fleet-types.js";
import { atStart } from "./host/at-start.js";
import type { FleetSettings } from "./settings.js";
import { FleetSetting } from "./store/fleet-setting.js";
import { FleetStore } from "./store/fleet-store.js";
import { Offers } from "./store/offers.js";

/** Part of `lostAfter` that a call of the engine may take, and bounds in ms. */
const GIVE_UP = { part: 0.2, least: 500, most: 3000 };

export abstract class FleetView {
  readonly store: FleetStore;
  readonly workerEvents: WorkerEvents;
  readonly hosts: FleetHosts;
  readonly runs: FleetRuns;
  readonly types: FleetTypes;
  readonly queues: FleetSetting<SavedQueues>;
  readonly #settings: FleetSetting<unknown>[] = [];
  protected readonly engine: FleetEngine;
  protected readonly offers: Offers;
  protected isStopped = false;
  #settingsVersion = -1;
  #typesVersion = -1;

  constructor(
    protected readonly services: EngineParts,
    protected readonly settings: FleetSettings,
  ) {
    const { layout, log, bus } = services;
    bus.on("decided", (changes) => this.#decided(changes));
    const { url, host, tags, lostAfter } = settings;
    const giveUpMs = Math.min(
      GIVE_UP.most,
      Math.max(GIVE_UP.least, lostAfter * 1000 * GIVE_UP.part),
    );
    this.engine = new FleetEngine({ url, name: host, giveUpMs });
    this.store = new FleetStore({
      layout,
      engine: this.engine,
      host,
      bus,
      isOwn: (entry) => this.mayEnd(entry),
      before: (decision, isOwn) => this.#before(decision, isOwn),
      lastPieces: (id) => this.runs.lastPieces(id),
      onLinesRefused: (id, isFenced) => this.runs.linesRefused(id, isFenced),
      onTakenOver: (id, attempt) => {
        if (!services.scheduler.attempts.has(id)) this.runs.takeAside(id, attempt);
      },
      onHead: (head) => {
        this.answered();
        this.#readChanged(head).catch((error: Error) => this.failed(error));
      },
      onLostWrites: () => this.offers.make(),
      isReloading: () => this.offers.areOpen,
      onError: (error) => this.failed(error),
      isAway: () => this.hosts.awaySince !== null,
    });
    this.hosts = new FleetHosts({
      engine: this.engine,
      name: host,
      tags,
      loader: services.loader,
      isHeld: () => this.offers.areOpen,
      onUndrained: () => services.scheduler.kick(),
      onChange: () => bus.emit("blocked", null),
    });
    this.workerEvents = new WorkerEvents(layout.workers);
    this.runs = new FleetRuns({
      engine: this.engine,
      services,
      workerEvents: this.workerEvents,
      find: (id) => this.store.find(id),
      running: () => this.running(),
      runsHere: (entry) => this.runsHere(entry),
      onFenced: (id) => services.scheduler.forsake(id),
      isAway: () => this.hosts.awaySince !== null,
    });
    this.types = new FleetTypes(this.hosts, services.loader);
    this.queues = this.#setting("queues", {}, parseQueues);
    this.offers = new Offers({
      engine: this.engine,
      log: log.logger,
      entries: () => this.store.ledger.entries.values(),
      hosts: () => this.hosts.rows,
      isStopped: () => this.isStopped,
      reload: () => this.store.reload(),
      onSettled: (offered) =>
        this.runs.shipAgain(
          offered
            .flatMap(({ record }) => this.store.find(record.id) ?? [])
            .filter((entry) => this.isOurs(entry)),
        ),
    });
  }

  now(): number {
    return Date.now() + this.engine.skewMs;
  }

  typesOf(): FleetTypes {
    return this.types;
  }

  setting<T>(name: string, { initial }: { initial: T }, parse: (json: unknown) => T): Setting<T> {
    return this.#setting(name, initial, parse);
  }

  #setting<T>(name: string, initial: T, parse: (json: unknown) => T): FleetSetting<T> {
    const setting = new FleetSetting<T>(name, initial, parse, this.engine);
    this.#settings.push(setting);
    return setting;
  }

  runsHere(entry: Entry): boolean {
    return entry.run?.claim?.host === this.settings.host;
  }

  isOurs({ record }: Entry): boolean {
    return record.host === this.settings.host;
  }

  /** Loads the state of the fleet. */
  protected async load(): Promise<void> {
    const head = await atStart(() => this.store.start());
    await atStart(() => this.#readChanged(head));
    await atStart(() => this.hosts.refresh());
    this.hosts.synchronous = await atStart(() => this.engine.hasSynchronousReplica());
    this.store.follow();
  }

  protected running(): Entry[] {
    return [...this.store.ledger.inState("running")];
  }

  /** Whether this host may end the attempt of the entry; otherwise it takes the operation over. */
  protected abstract mayEnd(entry: Entry): boolean;

  #decided(changes: readonly Change[]): void {
    for (const { id, before, after } of changes) {
      if (before?.state === "running" && after?.state !== "running") this.runs.ended(id);
      if (after === null) this.runs.forget(id);
    }
  }

  /** The engine answers. */
  protected answered(): void {
    if (this.hosts.awaySince === null) return;
    this.services.log.logger.info(
      { since: this.hosts.awaySince },
      "the fleet's engine answers again",
    );
    this.hosts.awaySince = null;
    this.services.bus.emit("blocked", null);
    this.services.scheduler.kick();
  }

  protected failed(error: Error): void {
    const { logger } = this.services.log;
    if (!(error instanceof EngineAwayError)) {
      logger.error({ err: error }, "the fleet's journal could not be followed");
      return;
    }
    if (this.hosts.awaySince !== null) return;
    this.hosts.awaySince = sharedTime();
    logger.error({ err: error }, "the fleet's engine does not answer; running operations continue");
    this.services.bus.emit("blocked", null);
  }

  /** Before a decision is applied: watchers get the last lines of an attempt before its end. */
  async #before(decision: Decision, isOwn: boolean): Promise<void> {
    if (isOwn || (decision.kind !== "finished" && decision.kind !== "requeued")) return;
    const entry = this.store.ledger.get(decision.id);
    const isElsewhere = entry?.record.state === "running" && !this.runsHere(entry);
    if (isElsewhere && this.services.hub.watchers > 0)
      await this.runs.bring([decision.id]).catch(() => {});
  }

  /** Reads the settings and the published types where they have changed. */
  async #readChanged({ settings, types }: Head): Promise<void> {
    if (settings !== this.#settingsVersion) {
      const rows = await this.engine.settings();
      for (const setting of this.#settings)
        setting.take(rows.find(({ name }) => name === setting.name) ?? null);
      this.#settingsVersion = settings;
    }
    if (types !== this.#typesVersion) {
      this.hosts.types = await this.engine.types();
      this.#typesVersion = types;
      this.services.bus.emit("blocked", null);
    }
  }
}
