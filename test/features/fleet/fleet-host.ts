/**
 * One host of a test's fleet: a real daemon in a world of its own, behind a relay, and the faults
 * of a machine.
 *
 * A fault that may end work at the host is written down as a strike, so that the checker can tell
 * what may be lost.
 */
import { rmSync } from "node:fs";
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { SubmitBody } from "../../../protocol/requests.js";
import type { Config } from "../../../protocol/system/config-settings.js";
import { until } from "../../../protocol/system/until.js";
import { isAlive, isStopped } from "../../end-to-end/processes.js";
import { WallClock } from "../../faults/wall-clock.js";
import { TestDaemon } from "../../harness/daemon.js";
import type { Direction, Relay } from "../../harness/relay.js";
import type { Strike } from "./checker.js";
import { now } from "./effects.js";

/** Time limit for processes that were told to end, in ms. */
const GONE_MS = 60_000;

export interface HostOptions {
  tags?: string[];
  /** Operations that run at the same time. Default: 2. */
  concurrency?: number;
  /** Settings beside those of the fleet. */
  config?: Config;
  /** The wall clock of all processes of the host can be set. */
  hasClock?: boolean;
}

/** What the fleet gives each of its hosts. */
export interface HostPlace {
  ops: Record<string, string>;
  /** Words and settings with which the daemon joins. */
  words: string[];
  config: object;
  /** Seconds after which peers take the host for lost. */
  lostAfter: number;
  strikes: Strike[];
}

export class FleetHost implements AsyncDisposable {
  readonly daemon: TestDaemon;
  /** Set only with `hasClock`. */
  readonly clock: WallClock | null;
  /** The fault that began and is not over; `isCertain`: it ended work, however short it was. */
  #strike: (Strike & { isCertain: boolean }) | null = null;
  #isUp = false;

  constructor(
    readonly name: string,
    readonly relay: Relay,
    private readonly place: HostPlace,
    options: HostOptions,
  ) {
    this.clock = options.hasClock ? new WallClock() : null;
    this.daemon = TestDaemon.prepare({
      ops: place.ops,
      concurrency: options.concurrency ?? 2,
      words: [...place.words, ...(options.tags ? ["--tags", options.tags.join(",")] : [])],
      // The operations write the name of their host.
      env: { LIVEOPS_TEST_HOST: name, ...this.clock?.env },
      config: { ...place.config, ...options.config, env: { fromDaemon: ["LIVEOPS_TEST_HOST"] } },
    });
  }

  get client(): Client {
    return this.daemon.client;
  }

  /** Whether the daemon of the host runs, frozen or not. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether the daemon runs and no fault is on. */
  get isWell(): boolean {
    return this.#isUp && this.#strike === null;
  }

  /** Starts the daemon; after a fault, as the machine would when it is back. */
  async start(): Promise<void> {
    this.relay.cut();
    this.relay.resume();
    await this.daemon.startAgain();
    this.#isUp = true;
    this.#over();
  }

  submit(op: string, body: Omit<SubmitBody, "op"> = {}): Promise<Operation> {
    return this.daemon.submit(op, body);
  }

  /**
   * Stops the daemon as `liveops stop`; its operations continue until the lease of the host ends.
   */
  async stop(): Promise<void> {
    await this.daemon.stop();
    this.#isUp = false;
  }

  /** Kills the daemon alone. Its workers continue. */
  async killDaemon(): Promise<void> {
    this.#begin();
    await this.daemon.kill();
    this.#isUp = false;
  }

  /**
   * Kills the daemon, all workers and what they started, at one moment, as a machine that loses its
   * power. The engine hears nothing of it: the connections stay open until the host starts again.
   */
  async kill(): Promise<void> {
    this.#begin(true);
    this.relay.blackHole();
    const pids = await this.#stopAll();
    signalAll(pids, "SIGKILL");
    await this.daemon.kill();
    this.#isUp = false;
    // A process that dies has no environment any more, and still holds its locks.
    if (!(await until(() => !pids.some(isAlive), GONE_MS)))
      throw new Error(`host ${this.name} has processes left: ${pids.filter(isAlive).join(" ")}`);
    rmSync(this.daemon.world.socket, { force: true });
  }

  /** Stops every process of the host (SIGSTOP), until `thaw`. The connections stay open. */
  async freeze(): Promise<void> {
    this.#begin();
    await this.#stopAll();
  }

  thaw(): void {
    signalAll(this.processes(), "SIGCONT");
    this.#over();
  }

  /** Resolves with the pids when all are stopped: until then, a process may start another one. */
  async #stopAll(): Promise<number[]> {
    const stopped = await until(() => {
      const pids = this.processes();
      if (pids.every(isStopped)) return pids;
      signalAll(pids, "SIGSTOP");
      return null;
    }, GONE_MS);
    if (!stopped) throw new Error(`host ${this.name} cannot be stopped`);
    return stopped;
  }

  /** Holds back what the host sends to the engine, or what the engine sends to it, or all. */
  partition(...directions: Direction[]): void {
    this.#begin();
    if (directions.length === 0) this.relay.blackHole();
    for (const direction of directions) this.relay.pause(direction);
  }

  /** Cuts the host off in the middle of its next request. Resolves when that has happened. */
  cutWithinRequest(lastBytes: number): Promise<void> {
    this.#begin();
    return this.relay.pauseWithinRequest(lastBytes);
  }

  heal(): void {
    this.relay.resume();
    this.#over();
  }

  /** Removes all that the host has kept. Only after `kill`. */
  removeState(): void {
    rmSync(this.daemon.world.stateDir, { recursive: true });
  }

  /** Pids of the daemon, its workers and all that they started. */
  processes(): number[] {
    return this.daemon.world.processes();
  }

  #begin(isCertain = false): void {
    if (this.#strike === null) {
      this.#strike = { host: this.name, from: now(), to: Number.POSITIVE_INFINITY, isCertain };
      this.place.strikes.push(this.#strike);
    }
    this.#strike.isCertain ||= isCertain;
  }

  /** A fault that was shorter than half of the lease ends nothing, so it is no excuse. */
  #over(): void {
    const strike = this.#strike;
    if (strike === null) return;
    this.#strike = null;
    strike.to = now();
    const { strikes, lostAfter } = this.place;
    if (!strike.isCertain && strike.to - strike.from < 1000 * lostAfter * 0.4)
      strikes.splice(strikes.indexOf(strike), 1);
  }

  /**
   * Ends the daemon and what it runs. @throws Error where a process is left or the stop takes too
   * long
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.clock?.jump(0);
    this.thaw();
    this.relay.resume();
    try {
      if (this.#isUp) await this.#stopInTime();
      else {
        // A daemon that was killed left its socket, and workers that it could not end.
        signalAll(this.processes(), "SIGKILL");
        rmSync(this.daemon.world.socket, { force: true });
      }
      await this.daemon.world.close();
    } finally {
      this.clock?.[Symbol.dispose]();
      await this.relay[Symbol.asyncDispose]();
    }
  }

  async #stopInTime(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`host ${this.name} does not stop`)), GONE_MS);
    });
    try {
      await Promise.race([this.daemon.stop(true), late]);
      this.#isUp = false;
    } catch (error) {
      await this.kill();
      const { code, stderr } = await this.daemon.exited();
      throw new Error(`host ${this.name} did not stop; its daemon ended with ${code}: ${stderr}`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A process may have ended by itself a moment before. */
function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
