/**
 * The session of this host: it joins the fleet, renews its lease, and joins again where the fleet has declared it lost.
 */
import { uptime } from "node:os";
import type { Log } from "../../log/log.js";
import { EngineAwayError, LostWritesError } from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { JoinOptions } from "../engine/rows.js";
import { atStart } from "./at-start.js";
import type { Lease } from "./lease.js";

/** Renewals in the time after which a host is lost, and bounds of the time between two, in ms. */
const RENEWALS = 30;
const EVERY_MS = { least: 100, most: 10_000 };

interface SessionOptions {
  engine: FleetEngine;
  lease: Lease;
  join: JoinOptions;
  log: Log;
  /** Published with each renewal. */
  status(): Record<string, unknown>;
  /** The lease was renewed. `sentAt`: `uptime()` of the call; `wasLate`: an earlier renewal had failed. */
  onRenewed(sentAt: number, draining: boolean): Promise<void>;
  /** A renewal failed: what this host sees of others does not count. */
  onMissed(): void;
  /** The fleet has declared this host lost: what it runs must end. */
  onOver(): Promise<void>;
  /** The host has joined again. */
  onJoined(): void;
  onLostWrites(): Promise<void>;
}

export class HostSession {
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(private readonly options: SessionOptions) {
    const every = (options.join.lostAfter * 1000) / RENEWALS;
    this.#everyMs = Math.min(EVERY_MS.most, Math.max(EVERY_MS.least, every));
  }

  /**
   * Joins, and keeps the session from then on.
   *
   * @throws EngineAwayError, EngineRefusedError, HostNameTakenError, NewerFormatError
   */
  async start(): Promise<{ draining: boolean }> {
    const joined = await atStart(() => this.#join());
    this.#next();
    return joined;
  }

  /** Renews no more. The workers run until the lease is over, or a daemon of this host adopts them. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  async #join(): Promise<{ draining: boolean }> {
    const { engine, lease, join, log, status } = this.options;
    const sentAt = uptime();
    const { session, draining } = await engine.join({ ...join, status: status() });
    lease.renewed(sentAt, session);
    log.info({ host: join.name, session, engine: engine.describe() }, "joined the fleet");
    return { draining };
  }

  #next(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#look().finally(() => {
        this.#running = null;
        this.#next();
      });
    }, this.#everyMs);
  }

  async #look(): Promise<void> {
    const { engine, lease, log, status, onRenewed, onMissed, onOver, onJoined, onLostWrites } = this.options;
    const sentAt = uptime();
    try {
      const renewed = await engine.renew(status());
      if (this.#isStopped) return;
      if (renewed) {
        lease.renewed(sentAt, engine.session!);
        await onRenewed(sentAt, renewed.draining);
        return;
      }
      log.error("the fleet has declared this host lost: its operations are ended, and it joins again");
      await onOver();
      await this.#join();
      onJoined();
    } catch (error) {
      onMissed();
      if (error instanceof LostWritesError) await onLostWrites();
      else if (!(error instanceof EngineAwayError)) log.error({ err: error }, "the lease was not renewed");
    }
  }
}
