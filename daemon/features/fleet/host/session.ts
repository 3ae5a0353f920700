/**
 * The session of this host: it joins the fleet, renews its lease, and joins again where the fleet
 * has declared it lost.
 *
 * A renewal waits for no other work: what runs here ends with the lease.
 */
import { uptime } from "node:os";
import type { Log } from "../../../log/log.js";
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
  /** The lease was renewed. Not called for renewals that come before it resolves. */
  onRenewed(draining: boolean): Promise<void>;
  /** A renewal failed: what this host sees of others does not count. */
  onMissed(): void;
  /** The fleet has declared this host lost: what it runs must end. */
  onOver(): Promise<void>;
  /** The host has joined again. */
  onJoined(): void;
  /** The engine has lost writes. */
  onLostWrites(): void;
}

export class HostSession {
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  /** What follows from a renewal, as long as it takes. */
  #following: Promise<void> | null = null;
  #isStopped = false;

  constructor(private readonly options: SessionOptions) {
    const every = (options.join.lostAfter * 1000) / RENEWALS;
    this.#everyMs = Math.min(EVERY_MS.most, Math.max(EVERY_MS.least, every));
  }

  /**
   * Joins, and keeps the session from then on.
   *
   * @throws EngineAwayError, EngineRefusedError, HostNameTakenError
   */
  async start(): Promise<{ draining: boolean }> {
    const joined = await atStart(() => this.#join());
    this.#next(this.#everyMs);
    return joined;
  }

  /**
   * Renews no more. The workers run until the lease is over, or a daemon of this host adopts them.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
    await this.#following;
  }

  async #join(): Promise<{ draining: boolean }> {
    const { engine, lease, join, log, status } = this.options;
    const sentAt = uptime();
    const { session, draining } = await engine.join({ ...join, status: status() });
    lease.renewed(sentAt);
    log.info({ host: join.name, session, engine: engine.describe() }, "joined the fleet");
    return { draining };
  }

  #next(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      const begun = performance.now();
      this.#running = this.#look().finally(() => {
        this.#running = null;
        // At once after a late one: the lease counts from the moment when that was sent.
        this.#next(Math.max(0, begun + this.#everyMs - performance.now()));
      });
    }, ms);
  }

  async #look(): Promise<void> {
    const { engine, lease, log, status, onOver, onJoined } = this.options;
    const sentAt = uptime();
    try {
      const renewed = await engine.renew(status());
      if (this.#isStopped) return;
      if (renewed) {
        lease.renewed(sentAt);
        this.#following ??= this.#follow(renewed.draining).finally(() => {
          this.#following = null;
        });
        return;
      }
      log.error(
        "the fleet has declared this host lost: its operations are ended, and it joins again",
      );
      await onOver();
      await this.#join();
      onJoined();
    } catch (error) {
      this.#missed(error, "the lease was not renewed");
    }
  }

  async #follow(draining: boolean): Promise<void> {
    try {
      await this.options.onRenewed(draining);
    } catch (error) {
      this.#missed(error, "what follows from a renewal of the lease failed");
    }
  }

  #missed(error: unknown, what: string): void {
    const { log, onMissed, onLostWrites } = this.options;
    onMissed();
    if (error instanceof LostWritesError) onLostWrites();
    else if (!(error instanceof EngineAwayError)) log.error({ err: error }, what);
  }
}
