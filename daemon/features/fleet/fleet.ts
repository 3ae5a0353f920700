/**
 * The engine of a host of a fleet: many hosts run the same operations over one PostgreSQL database.
 * It joins the fleet, claims operations, ends what other hosts took over, and takes over what lost
 * hosts ran.
 */
import { createHash } from "node:crypto";
import { uptime } from "node:os";
import { VERSION } from "../../../protocol/version.js";
import type { Engine, EngineParts, MakeEngine } from "../../engine.js";
import type { Attempt } from "../../scheduler/attempt.js";
import type { OperationStarter, StarterOptions } from "../../scheduler/starter.js";
import type { Settings } from "../../settings.js";
import type { Decision, Entry } from "../../store/decision.js";
import type { WorkerSetup } from "../../worker/messages.js";
import { createSchema } from "./create-schema.js";
import { EngineAwayError } from "./engine/errors.js";
import { FleetStarter, isLimitedQueue } from "./fleet-starter.js";
import { FleetView } from "./fleet-view.js";
import { atStart } from "./host/at-start.js";
import { Lease, leaseFile } from "./host/lease.js";
import { Peers } from "./host/peers.js";
import { HostSession } from "./host/session.js";
import { Takeover } from "./host/takeover.js";
import { type FleetSettings, fleetOf } from "./settings.js";
import { lastFence } from "./store/fold.js";

/**
 * Seconds between two deletions by a host: a part of `lostAfter`, and at most. Operations in one
 * call.
 */
const PRUNE = { part: 0.2, most: 60, atOnce: 100 };

/** Null: the daemon runs alone. */
export function fleetEngine(settings: Settings): MakeEngine | null {
  const fleet = fleetOf(settings);
  return fleet && ((parts) => new Fleet(parts, fleet));
}

class Fleet extends FleetView implements Engine {
  readonly workerSetup: Partial<WorkerSetup>;
  readonly #name: string;
  readonly #session: HostSession;
  readonly #lease: Lease;
  readonly #peers: Peers;
  readonly #takeover: Takeover;
  #starter: FleetStarter | null = null;
  #publishedTypes = -1;
  /** Seconds since boot. */
  #pruneAt = 0;
  /** Operations of this host that no attempt runs, as the last look saw them. */
  #unattended = new Set<string>();

  constructor(services: EngineParts, settings: FleetSettings) {
    super(services, settings);
    const { layout, log } = services;
    const { host, tags, lostAfter } = settings;
    this.#name = host;
    this.#lease = new Lease(leaseFile(layout), lostAfter);
    this.workerSetup = { lease: this.#lease.file };
    this.#peers = new Peers(host);
    this.#takeover = new Takeover({
      engine: this.engine,
      conclude: (...conclusion) => services.lifecycle.conclude(...conclusion),
      log: log.logger,
      find: (id) => this.store.ledger.get(id),
      isHandled: (id) => services.scheduler.attempts.has(id),
      read: (entry) => this.runs.read(entry),
    });
    this.#session = new HostSession({
      engine: this.engine,
      lease: this.#lease,
      log: log.logger,
      join: {
        name: host,
        owner: createHash("sha256").update(layout.root).digest("hex").slice(0, 16),
        tags: [...tags],
        slots: services.settings.concurrency,
        version: VERSION,
        lostAfter,
      },
      status: () => ({ ...this.hosts.status() }),
      onRenewed: (draining) => this.#renewed(draining),
      onMissed: () => this.#peers.forget(),
      onOver: () => this.#over(),
      onJoined: () => services.scheduler.kick(),
      onLostWrites: () => void this.offers.make(),
    });
  }

  get outbox() {
    return this.runs.outbox;
  }

  whyLeaseEnded(): string | null {
    if (!this.#lease.wasOver(this.settings.lostAfter)) return null;
    return "the fleet's engine did not answer in time, so the lease of its host ended, and with it the operations there";
  }

  slots(): number {
    return this.services.settings.concurrency;
  }

  readonly makeStarter = (options: StarterOptions): OperationStarter => {
    this.#starter = new FleetStarter({
      ...options,
      claim: (request) => this.store.claim(request),
      host: this.#name,
      slots: () => this.slots(),
      slotsOf: (host) => this.hosts.slotsOf(host),
      fits: (entry) => this.hosts.fits(entry),
      running: () => this.running(),
      isLimited: (queue) => isLimitedQueue(queue, this.queues.value),
      mayStart: () => !this.#lease.isOver && this.hosts.awaySince === null && !this.offers.areOpen,
      isDraining: () => this.hosts.isDraining,
      until: (n) => this.store.until(n),
      prepare: async (entry) => {
        await this.runs.prepare(entry);
      },
      leaseFile: this.#lease.file,
      now: () => this.now(),
    });
    return this.#starter;
  };

  async start(): Promise<void> {
    await atStart(() => createSchema(this.settings.url));
    const { draining } = await this.#session.start();
    const problems = this.workerEvents.find();
    await this.load();
    for (const problem of problems) this.store.addProblem(problem);
    this.workerEvents.keepOnly((id) => this.store.ledger.get(id) !== undefined);
    this.services.bus.on("decided", (_changes, decision, isOwn) => this.#decided(decision, isOwn));
    this.hosts.drained(draining);
  }

  begin(): void {
    this.runs.begin();
    void this.#publishTypes();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.#session.stop();
    await this.runs.stop();
    await this.store.stop();
    // A host that runs nothing leaves; otherwise its next daemon adopts what runs.
    await this.engine.leave().catch(() => {});
    await this.engine.end();
  }

  protected mayEnd(entry: Entry): boolean {
    return this.services.scheduler.attempts.has(entry.record.id) || this.#isOfSession(entry);
  }

  #decided(decision: Decision, isOwn: boolean): void {
    if (isOwn || decision.kind === "submitted") return;
    const { id, kind } = decision;
    const { scheduler } = this.services;
    if (kind === "cancelled") scheduler.stopOperation(id);
    else if (kind === "paused") scheduler.pauseOperation(id);
    else this.#endForeign(id, kind);
    // This host had claimed the attempt and given it back before any code ran: its directory is in
    // the way of the copy.
    if (kind === "started") this.runs.takeAside(id, decision.event.attempt);
  }

  #isOfSession({ run }: Entry): boolean {
    return run?.claim?.host === this.#name && run.claim.session === this.engine.session;
  }

  /** Ends the attempt of this host that another host has taken over. */
  #endForeign(id: string, kind: Decision["kind"]): void {
    const { scheduler, log } = this.services;
    const attempt = scheduler.attempts.get(id);
    const entry = this.store.ledger.get(id);
    if (!attempt || entry?.run === attempt.run) return;
    if (kind === "restored" && isOwnEnd(attempt, entry)) return;
    log.logger.warn(
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

  async #renewed(draining: boolean): Promise<void> {
    const { loader, log } = this.services;
    this.answered();
    this.hosts.drained(draining);
    this.#giveBack();
    // Nothing starts while the lease is over. No other event follows its renewal.
    this.services.scheduler.kick();
    if (loader.version !== this.#publishedTypes) void this.#publishTypes();
    const asked = uptime();
    this.#pruneInTurn(asked);
    const rows = await this.hosts.refresh();
    const lost = this.#peers.look(rows, asked, uptime());
    for (const { name, session, renewals } of lost)
      if (await this.engine.declareLost(name, session, renewals))
        log.logger.error({ host: name }, "declared a host lost: it did not renew its lease");
    if (lost.length > 0) await this.hosts.refresh();
    if (this.running().some((entry) => this.#mayBeAbandoned(entry))) await this.#takeover.look();
  }

  /** Deletes what removed operations left in the engine. @param now seconds since boot */
  #pruneInTurn(now: number): void {
    if (now < this.#pruneAt) return;
    const every = Math.min(PRUNE.most, this.settings.lostAfter * PRUNE.part);
    // The hosts take turns.
    this.#pruneAt = now + every * (0.5 + Math.random());
    void this.#prune();
  }

  /** In calls that are short enough for the run files that wait for their turn. */
  async #prune(): Promise<void> {
    try {
      while (!this.isStopped && (await this.engine.prune(PRUNE.atOnce)) === PRUNE.atOnce);
    } catch (error) {
      if (!(error instanceof EngineAwayError) && !this.isStopped)
        this.services.log.logger.warn(
          { err: error },
          "what removed operations left could not be deleted",
        );
    }
  }

  /** By what is in memory: the engine is asked only then. */
  #mayBeAbandoned(entry: Entry): boolean {
    const claim = entry.run?.claim;
    if (!claim || this.services.scheduler.attempts.has(entry.record.id)) return false;
    const host = this.hosts.rows.find(({ name }) => name === claim.host);
    return host?.state !== "up" || host.session !== claim.session;
  }

  /**
   * Queues operations again that this host claimed and never began: the answer of the claim was
   * lost.
   */
  #giveBack(): void {
    const { scheduler, lifecycle } = this.services;
    const unattended = new Set<string>();
    for (const entry of this.running()) {
      const { id, attempt, seq } = entry.record;
      if (!this.#isOfSession(entry) || scheduler.attempts.has(id) || this.#starter?.isStarting(id))
        continue;
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

  async #publishTypes(): Promise<void> {
    const { loader, log } = this.services;
    const { version } = loader;
    try {
      const { ops } = await loader.types();
      const rows = ops.map((type) => {
        const body = JSON.stringify(type);
        return { op: type.op, body, hash: hashOf(body) };
      });
      await this.engine.putTypes(
        hashOf(rows.map(({ op, hash }) => `${op} ${hash}`).join("\n")),
        rows,
      );
      this.#publishedTypes = version;
    } catch (error) {
      if (!(error instanceof EngineAwayError) && !this.isStopped)
        log.logger.warn({ err: error }, "the types could not be published");
    }
  }
}

/**
 * Whether a restored entry has the attempt's own end: the engine lost it before this host had
 * applied it, and another host offered it.
 */
function isOwnEnd(attempt: Attempt, entry: Entry | undefined): boolean {
  if (!entry || !attempt.isFinishing || lastFence(entry) !== attempt.run.claim?.fence) return false;
  const { seq, logLines } = entry.record;
  return seq > attempt.seq && logLines === attempt.entry.record.logLines;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
