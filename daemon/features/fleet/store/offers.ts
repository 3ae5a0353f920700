/**
 * Offers the operations in memory to an engine that lost writes, and loads its state anew when all
 * hosts have offered.
 *
 * An asynchronous standby that was promoted, or a restored dump, does not have the last decisions.
 * Each host has applied them: the operations that are newer here than in the engine are offered.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../../../log/log.js";
import type { Entry } from "../../../store/decision.js";
import { EngineAwayError, LostWritesError, SessionOverError } from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { HostRow } from "../engine/rows.js";
import { offerOf } from "./append-item.js";

/** Milliseconds between two questions whether all hosts have offered. */
const AGAIN_MS = 250;

interface OffersOptions {
  engine: Pick<FleetEngine, "offer" | "position" | "settleOffers">;
  log: Log;
  /** The hosts as this one last saw them. */
  hosts(): readonly HostRow[];
  /** The operations in memory. */
  entries(): Iterable<Entry>;
  isStopped(): boolean;
  /** Loads the state of the engine. */
  reload(): Promise<void>;
  /** The engine takes decisions again, and has what this host has offered. */
  onSettled(offered: readonly Entry[]): void;
}

export class Offers {
  #run: Promise<void> | null = null;

  constructor(private readonly options: OffersOptions) {}

  /** Whether the engine waits for what the hosts know. */
  get areOpen(): boolean {
    return this.#run !== null;
  }

  /** Resolves when the engine takes decisions again. */
  make(): Promise<void> {
    this.#run ??= this.#make().finally(() => {
      this.#run = null;
    });
    return this.#run;
  }

  async #make(): Promise<void> {
    const { engine, log, entries, isStopped, reload, onSettled } = this.options;
    let newer: Entry[] = [];
    log.error(
      "the fleet's engine lost writes (a failover or a restored backup): offering what this host knows",
    );
    for (let [hasOffered, isSettled] = [false, false]; !isStopped(); ) {
      try {
        if (isSettled) {
          await reload();
          return onSettled(newer);
        }
        if (!hasOffered) {
          const { n } = await engine.position();
          newer = [...entries()].filter(({ version }) => version > n);
          const { settled } = await engine.offer(newer.map(offerOf), this.options.hosts());
          log.warn(
            { count: newer.length, journal: n },
            "offered the operations that the engine does not have",
          );
          hasOffered = true;
          isSettled = settled;
        } else isSettled = (await engine.settleOffers()).settled;
        if (isSettled) continue;
      } catch (error) {
        // The engine lost writes once more: it begins another round.
        if (error instanceof LostWritesError) [hasOffered, isSettled] = [false, false];
        else if (!(error instanceof EngineAwayError || error instanceof SessionOverError))
          log.error({ err: error }, "the offer failed");
        await delay(AGAIN_MS);
        // The next renewal finds the session over, and joins again.
        if (error instanceof SessionOverError) return;
        continue;
      }
      await delay(AGAIN_MS);
    }
  }
}
