/**
 * The engine of a fleet: many hosts run the same operations over one PostgreSQL database. It composes the store, the
 * hosts and the run files of `daemon/fleet/`, and reacts to what other hosts decide.
 */
import { createHash } from "node:crypto";
import { uptime } from "node:os";
import { Refusal } from "../../protocol/errors.js";
import { VERSION } from "../../protocol/version.js";
import type { BackupMaker, Engine, EngineServices } from "../engine.js";
import { parseQueues, type SavedQueues } from "../scheduler/queues.js";
import type { OperationStarter, StarterOptions } from "../scheduler/starter.js";
import type { Schedule } from "../schedules/schedule.js";
import { parseSchedules } from "../schedules/schedules.js";
import type { FleetSettings } from "../settings.js";
import type { Decision, Entry } from "../store/decision.js";
import type { Change } from "../store/ledger.js";
import { EngineAwayError } from "./engine/errors.js";
import { FleetEngine } from "./engine/fleet-engine.js";
import { FleetHosts } from "./fleet-hosts.js";
import { FleetRuns } from "./fleet-runs.js";
import { FleetStarter, isLimitedQueue } from "./fleet-starter.js";
import { Lease, leaseFile } from "./host/lease.js";
import { Peers } from "./host/peers.js";
import { HostSession } from "./host/session.js";
import { Takeover } from "./host/takeover.js";
import { FleetSetting } from "./store/fleet-setting.js";
import { FleetStore } from "./store/fleet-store.js";
import { Offers } from "./store/offers.js";

/** Part of `lostAfter` that a call of the engine may take, and bounds in ms. */
const GIVE_UP = { part: 0.2, least: 500, most: 3000 };

export class Fleet implements Engine {
  readonly store: FleetStore;
  readonly hosts: FleetHosts;
  readonly runs: FleetRuns;
  readonly queues: FleetSetting<SavedQueues>;
  readonly schedules: FleetSetting<readonly Schedule[]>;
  readonly leaseFile: string;
  readonly #engine: FleetEngine;
  readonly #session: HostSession;
  readonly #lease: Lease;
  readonly #peers: Peers;
  readonly #takeover: Takeover;
  readonly #offers: Offers;
  #starter: FleetStarter | null = null;
  #isStopped = false;
  #settingsVersion = -1;
  #typesVersion = -1;
  #publishedTypes = -1;
  /** Operations of this host that no attempt runs, as the last look saw them. */
  #unattended = new Set<string>();

  constructor(
    private readonly services: EngineServices,
    private readonly settings: FleetSettings,
  ) {
    const { layout, log, counters } = services;
    const { logger } = log;
    const { url, passwordFile, host, tags, lostAfter, mirrorMax } = settings;
    const giveUpMs = Math.min(GIVE_UP.most, Math.max(GIVE_UP.least, lostAfter * 1000 * GIVE_UP.part));
    this.#engine = new FleetEngine({ url, ...(passwordFile && { passwordFile }), name: host, giveUpMs });
    this.store = new FleetStore({
      layout,
      engine: this.#engine,
      host,
      onChange: (...change) => this.#decided(...change),
      onForget: (id) => services.forgotten(id),
      isOwn: (entry) => services.scheduler.attempts.has(entry.record.id) || this.#isGivenBack(entry),
      before: (decision, isOwn) => this.#before(decision, isOwn),
      onSettings: (settingsVersion, typesVersion) => void this.#versions(settingsVersion, typesVersion),
      onLostWrites: () => this.#offers.make(),
      onError: (error) => this.#failed(error),
    });
    this.hosts = new FleetHosts({
      engine: this.#engine,
      ...{ name: host, tags, counters },
      running: () => services.scheduler.attempts.size,
      types: () => services.loader.typeCount,
      isHeld: () => this.#offers.areOpen,
      onDrain: (isDraining) => services.scheduler.drain(isDraining),
      onChange: () => services.blockedChanged(),
    });
    this.runs = new FleetRuns({
      engine: this.#engine,
      ...{ services, mirrorMax },
      find: (id) => this.store.find(id),
      running: () => this.#running(),
      runsHere: (entry) => this.runsHere(entry),
      onFenced: (id) => services.scheduler.forsake(id),
    });
    this.queues = new FleetSetting<SavedQueues>("queues", {}, parseQueues, this.#engine);
    this.schedules = new FleetSetting<readonly Schedule[]>(
      "schedules",
      [],
      (json) => parseSchedules(json as unknown[]),
      this.#engine,
    );
    this.leaseFile = leaseFile(layout.root);
    this.#lease = new Lease(this.leaseFile, lostAfter);
    this.#peers = new Peers(host);
    this.#offers = new Offers({
      engine: this.#engine,
      log: logger,
      entries: () => this.store.ledger.entries.values(),
      isStopped: () => this.#isStopped,
      reload: () => this.store.reload(),
    });
    this.#takeover = new Takeover({
      engine: this.#engine,
      conclude: (...conclusion) => services.lifecycle.conclude(...conclusion),
      log: logger,
      find: (id) => this.store.ledger.get(id),
      isHandled: (id) => services.scheduler.attempts.has(id),
      read: (entry) => this.runs.read(entry),
    });
    this.#session = new HostSession({
      engine: this.#engine,
      lease: this.#lease,
      log: logger,
      join: {
        name: host,
        owner: createHash("sha256").update(layout.root).digest("hex").slice(0, 16),
        ...{ tags: [...tags], slots: services.settings.concurrency, version: VERSION, lostAfter },
      },
      status: () => ({ ...this.hosts.status() }),
      onRenewed: (sentAt, draining) => this.#renewed(sentAt, draining),
      onMissed: () => this.#peers.forget(),
      onOver: () => this.#over(),
      onJoined: () => services.scheduler.kick(),
      onLostWrites: () => this.#offers.make(),
    });
  }

  get outbox() {
    return this.runs.outbox;
  }

  readonly backups: BackupMaker = {
    start: () => {
      throw new Refusal(
        "LIVEOPS_WRONG_STATE",
        "the state of a fleet is in its PostgreSQL database: back it up there, such as with pg_dump or pg_basebackup",
      );
    },
    stop: async () => {},
  };

  slots(): number {
    return this.services.settings.concurrency;
  }

  readonly makeStarter = (options: StarterOptions): OperationStarter => {
    this.#starter = new FleetStarter({
      ...options,
      engine: this.#engine,
      host: this.settings.host,
      slots: () => this.slots(),
      fits: (entry) => this.hosts.fits(entry),
      runningElsewhere: (queue) => this.#runningElsewhere(queue),
      isLimited: (queue) => isLimitedQueue(queue, this.queues.value),
      mayStart: () => !this.#lease.isOver && this.hosts.awaySince === null && !this.#offers.areOpen,
      until: (n) => this.store.until(n),
      prepare: async (entry) => {
        await this.store.payloads.bring(entry.record);
        await this.runs.prepare(entry);
      },
      leaseFile: this.leaseFile,
    });
    return this.#starter;
  };

  runsHere(entry: Entry): boolean {
    return entry.run?.claim?.host === this.settings.host;
  }

  ownsHooks({ record }: Entry): boolean {
    return record.host === this.settings.host;
  }

  hasElsewhere(op: string): boolean {
    const others = new Set(
      this.hosts.rows
        .filter(({ name, state }) => state === "up" && name !== this.settings.host)
        .map(({ name }) => name),
    );
    return this.hosts.types.some((type) => type.op === op && others.has(type.host));
  }

  async start(): Promise<void> {
    const { draining } = await this.#session.start();
    await this.store.start();
    for (const setting of [this.queues, this.schedules]) {
      const rows = await this.#engine.settings();
      setting.take(rows.find(({ name }) => name === setting.name) ?? null);
    }
    await this.hosts.refresh();
    this.hosts.types = await this.#engine.types();
    this.hosts.synchronous = await this.#engine.hasSynchronousReplica();
    this.hosts.isDraining = draining;
    if (draining) this.services.scheduler.drain(true);
    await this.runs.start();
    this.store.follow();
  }

  begin(): void {
    this.runs.begin();
    void this.#publishTypes();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#session.stop();
    await this.runs.stop();
    await this.store.stop();
    // A host that runs nothing leaves; otherwise its next daemon adopts what runs.
    await this.#engine.leave().catch(() => {});
    await this.#engine.end();
  }

  #running(): Entry[] {
    return [...this.store.ledger.entries.values()].filter(({ record }) => record.state === "running");
  }

  #runningElsewhere(queue: string): number {
    return this.#running().filter((entry) => entry.record.queue === queue && !this.runsHere(entry)).length;
  }

  /** Before a decision is applied: watchers get the last lines of an attempt before its end. */
  async #before(decision: Decision, isOwn: boolean): Promise<void> {
    if (isOwn || (decision.kind !== "finished" && decision.kind !== "requeued")) return;
    const entry = this.store.ledger.get(decision.id);
    const isElsewhere = entry?.record.state === "running" && !this.runsHere(entry);
    if (isElsewhere && this.services.hub.watchers > 0) await this.runs.bring([decision.id]).catch(() => {});
  }

  #decided(changes: Change[], decision: Decision, isOwn: boolean): void {
    const { services } = this;
    const { scheduler } = services;
    for (const { id, before, after } of changes) {
      if (before?.state === "running" && after?.state !== "running") this.runs.ended(id);
      if (after === null) this.runs.forget(id);
    }
    services.stored(changes, decision, isOwn);
    if (isOwn || decision.kind === "submitted") return;
    const { id, kind } = decision;
    if (kind === "cancelled") scheduler.stopOperation(id);
    else if (kind === "paused") scheduler.pauseOperation(id);
    else this.#endForeign(id);
  }

  /** Ends the attempt of this host that another host has taken over. */
  #endForeign(id: string): void {
    const { scheduler } = this.services;
    const attempt = scheduler.attempts.get(id);
    const entry = this.store.ledger.get(id);
    if (!attempt || entry?.run === attempt.run) return;
    this.services.log.logger.warn(
      { id, attempt: attempt.number },
      "another host took over an operation of this host",
    );
    scheduler.forsake(id);
    this.runs.takeAside(id, attempt.number);
  }

  /** The fleet has declared this host lost: peers take over what it runs. */
  async #over(): Promise<void> {
    for (const attempt of this.services.scheduler.attempts.values())
      if (attempt.outcome === null && attempt.run.policy.partition !== "finish") attempt.kill();
  }

  async #renewed(sentAt: number, draining: boolean): Promise<void> {
    this.#answered();
    this.hosts.drained(draining);
    this.#giveBack();
    if (this.services.loader.version !== this.#publishedTypes) void this.#publishTypes();
    const rows = await this.hosts.refresh();
    const lost = this.#peers.look(rows, sentAt);
    for (const { name, session, renewals } of lost)
      if (await this.#engine.declareLost(name, session, renewals))
        this.services.log.logger.error({ host: name }, "declared a host lost: it did not renew its lease");
    if (lost.length > 0) await this.hosts.refresh();
    if (this.#running().some((entry) => this.#mayBeAbandoned(entry))) await this.#takeover.look();
  }

  /** By what is in memory: the engine is asked only then. */
  #mayBeAbandoned(entry: Entry): boolean {
    const { claim } = entry.run!;
    if (!claim || this.services.scheduler.attempts.has(entry.record.id)) return false;
    const host = this.hosts.rows.find(({ name }) => name === claim.host);
    return host?.state !== "up" || host.session !== claim.session;
  }

  /** Queues operations again that this host claimed and never began: the answer of the claim was lost. */
  #giveBack(): void {
    const { scheduler, lifecycle } = this.services;
    const unattended = new Set<string>();
    for (const entry of this.#running()) {
      const { id, attempt, seq } = entry.record;
      if (!this.runsHere(entry) || scheduler.attempts.has(id) || this.#starter?.isStarting(id)) continue;
      if (!this.#unattended.has(id)) unattended.add(id);
      else
        void lifecycle
          .conclude(id, attempt, seq, ({ tries }) => ({
            requeue: { reason: "its start was not confirmed", next: attempt, tries, delay: 0 },
          }))
          .catch(() => {});
    }
    this.#unattended = unattended;
  }

  #isGivenBack(entry: Entry): boolean {
    return this.runsHere(entry) && entry.run?.claim?.session === this.#engine.session;
  }

  async #versions(settings: number, types: number): Promise<void> {
    this.#answered();
    if (settings === this.#settingsVersion && types === this.#typesVersion) return;
    try {
      if (settings !== this.#settingsVersion) {
        const rows = await this.#engine.settings();
        for (const setting of [this.queues, this.schedules])
          setting.take(rows.find(({ name }) => name === setting.name) ?? null);
        this.#settingsVersion = settings;
      }
      if (types !== this.#typesVersion) {
        this.hosts.types = await this.#engine.types();
        this.#typesVersion = types;
        this.services.blockedChanged();
      }
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  async #publishTypes(): Promise<void> {
    const { loader, log } = this.services;
    const { version } = loader;
    try {
      const { ops } = await loader.types();
      const rows = ops.map((type) => {
        const body = JSON.stringify(type);
        return { op: type.op, body, hash: createHash("sha256").update(body).digest("hex").slice(0, 16) };
      });
      const all = createHash("sha256").update(rows.map(({ op, hash }) => `${op} ${hash}`).join("\n"));
      await this.#engine.putTypes(all.digest("hex").slice(0, 16), rows);
      this.#publishedTypes = version;
    } catch (error) {
      if (!(error instanceof EngineAwayError))
        log.logger.warn({ err: error }, "the types could not be published");
    }
  }

  #answered(): void {
    if (this.hosts.awaySince === null) return;
    this.services.log.logger.info({ since: this.hosts.awaySince }, "the fleet's engine answers again");
    this.hosts.awaySince = null;
    this.services.blockedChanged();
    this.services.scheduler.kick();
  }

  #failed(error: Error): void {
    const { log } = this.services;
    if (!(error instanceof EngineAwayError)) {
      log.logger.error({ err: error }, "the fleet's journal could not be followed");
      return;
    }
    if (this.hosts.awaySince !== null) return;
    this.hosts.awaySince = new Date().toISOString();
    log.logger.error(
      { err: error, uptime: uptime() },
      "the fleet's engine does not answer; running operations continue",
    );
    this.services.blockedChanged();
  }
}
