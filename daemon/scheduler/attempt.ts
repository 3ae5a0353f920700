/**
 * One running attempt: tails its run files, reduces the events into the record, and stops its
 * worker.
 *
 * An attempt only observes and signals. The scheduler finishes the operation on its outcome or its
 * worker's death.
 */

import { lstatSync, mkdirSync } from "node:fs";
import { uptime } from "node:os";
import type { Outcome, StopReason, WorkerEvent } from "../../protocol/event.js";
import { IrregularFileError } from "../../protocol/system/own-file.js";
import type { Bus } from "../bus.js";
import { isPausedNow } from "../lifecycle.js";
import type { Log } from "../log/log.js";
import { bootId, isStopped, signalProcess } from "../os/process-identity.js";
import { sharedNow, sharedTime } from "../os/shared-clock.js";
import { cancelFile, pauseFile } from "../run-files/attempt-files.js";
import { checkEvents } from "../run-files/checked-events.js";
import type { EventsPlace } from "../run-files/events-reader.js";
import type { LogReaders } from "../run-files/log-readers.js";
import { isUnreadable } from "../run-files/unreadable.js";
import type { Entry, Run } from "../store/decision.js";
import { isDiskFull, isShortage, replaceFileSync } from "../store/durable-file.js";
import { quarantineFile } from "../store/quarantine.js";
import type { Containment } from "../worker/containment.js";
import type { PooledWorker, WorkerExit } from "../worker/pool.js";
import { RecordTail } from "./record-tail.js";
import { ResourceSampler } from "./resource-sampler.js";

interface AttemptParts {
  bus: Bus;
  log: Pick<Log, "error">;
  containment: Pick<Containment, "kill" | "lookEverywhere" | "pause" | "pidsOf">;
  logReaders: Pick<LogReaders, "has">;
  onOutcome(attempt: Attempt, outcome: Outcome): void;
}

/**
 * Time in ms until the first read of the run files of a worker of this daemon. A shorter attempt is
 * read once, at its end, and its files are not watched.
 */
const FIRST_LOOK_MS = 25;

/** How long reading the unreadable events of an ended worker is retried, in ms. */
const UNREADABLE_MS = 5000;

/** Longest timer that Node supports, in ms. */
const MAX_TIMER = 2 ** 31 - 1;

export class Attempt {
  readonly number: number;
  readonly run: Run;
  /**
   * Operations follow that join the queue with the record of the finish: the slot is kept for them
   * until then.
   */
  isFollowed = false;
  /** Since when the worker process is stopped (SIGSTOP). */
  stalledSince: string | null = null;
  /** Since when the worker, or the finishing of the attempt, waits for room on the disk. */
  noRoomSince: string | null = null;
  readonly sampler: ResourceSampler;
  /**
   * How the worker ended, or that the worker is idle again; null while it runs, and for an adopted
   * worker.
   */
  ended: { exit: WorkerExit | null } | null = null;
  /** The finish of the attempt is being recorded. */
  isFinishing = false;
  /**
   * Since when the worker has ended and the events cannot be read, by the monotonic clock in ms.
   */
  #unreadableSince: number | null = null;
  readonly #tail: RecordTail;
  /** The stop reason whose cancel file could not be written yet. */
  #untold: StopReason | null = null;
  #cancelFileFailed = false;
  #isDamaged = false;
  /** Seconds. */
  #gracePeriod: number;
  #graceTimer: NodeJS.Timeout | null = null;
  #onTimeout: () => void = () => {};
  #timeoutTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly entry: Entry,
    run: Run,
    readonly dir: string,
    readonly events: EventsPlace,
    /** Null for a worker adopted from an earlier daemon. */
    readonly worker: PooledWorker | null,
    private readonly parts: AttemptParts,
  ) {
    this.run = run;
    this.#gracePeriod = run.policy.gracePeriod;
    this.number = entry.record.attempt;
    this.sampler = new ResourceSampler(worker === null);
    this.#tail = new RecordTail(entry, dir, {
      bus: parts.bus,
      isOwn: true,
      files: events,
      onEvent: (event) => this.#event(event),
      isLogRead: () => parts.logReaders.has(entry.record.id),
      onOutcome: (outcome) => {
        this.#clearTimers();
        // The lines logged before the outcome are in the log first.
        queueMicrotask(() => parts.onOutcome(this, outcome));
      },
      onDamage: (message) => parts.bus.emit("problem", message),
      onDamagedEvent: () => {
        this.run.accepted = true;
        if (!this.#isDamaged) queueMicrotask(() => this.#reportDamage());
        this.#isDamaged = true;
      },
    });
  }

  /**
   * Whether the attempt needs its slot. An outcome that nothing follows frees the slot before it is
   * recorded. Else the record frees it: what waited for this operation and what waited for the slot
   * are then chosen from together.
   */
  get holdsSlot(): boolean {
    return this.entry.run === this.run && (this.outcome === null || this.isFollowed);
  }

  get id(): string {
    return this.entry.record.id;
  }

  /** Number of the last event or line read. */
  get seq(): number {
    return this.#tail.seq;
  }

  get outcome(): Outcome | null {
    return this.#tail.outcome;
  }

  /** Starts the tail and the timer of the type's timeout. */
  start(onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    this.#tail.start(this.worker ? FIRST_LOOK_MS : 0);
    this.#startTimeout();
  }

  /** The timeout stands still while the operation is paused. */
  #startTimeout(): void {
    if (this.#timeoutTimer) clearTimeout(this.#timeoutTimer);
    const { timeout } = this.run.policy;
    if (timeout === null || this.outcome || isPausedNow(this.entry.record)) return;
    const rest = Math.min(Math.max(0, timeout - this.#secondsSpent()) * 1000, MAX_TIMER);
    this.#timeoutTimer = setTimeout(() => this.#onTimeout(), rest);
  }

  /** Without pauses. Measured by uptime, which nobody can set; by the wall clock after a reboot. */
  #secondsSpent(): number {
    const { worker, startedUptime, startedAt } = this.run;
    const paused = this.entry.record.pause?.seconds ?? 0;
    if (worker.bootId === bootId()) return uptime() - startedUptime - paused;
    return Math.max(0, (sharedNow() - Date.parse(startedAt)) / 1000 - paused);
  }

  /** Stops the processes of the operation, or lets them run again, as its record says. */
  applyPause(): void {
    if (this.outcome) return;
    const { pause } = this.entry.record;
    const isPaused = isPausedNow(this.entry.record);
    this.#startTimeout();
    if (!isPaused) this.#writePause(pause?.seconds ?? 0);
    this.parts.containment.pause(this.run.worker, isPaused);
  }

  /**
   * The worker reads how long it was paused when it runs again. Without the file, the pause counts
   * as time.
   */
  #writePause(seconds: number): void {
    try {
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      replaceFileSync(pauseFile(this.dir), `${JSON.stringify({ seconds })}\n`);
    } catch (error) {
      if (!isDiskFull(error))
        this.#damaged(`the pause of ${this.id} could not be recorded: ${(error as Error).message}`);
    }
  }

  /** Reads both run files to their end. Read errors are kept in `unreadable`. */
  read(): void {
    this.#tail.read();
  }

  /** Why each file could not be read at the last read. */
  get unreadable(): RecordTail["unreadable"] {
    return this.#tail.unreadable;
  }

  /**
   * Whether the unreadable events of an ended worker are given up. An I/O error may pass, so the
   * read is retried for `UNREADABLE_MS`, and for as long as the daemon itself is short of
   * descriptors or memory.
   */
  isGivenUp(): boolean {
    const error = this.unreadable.events;
    if (error === null) return false;
    if (error instanceof IrregularFileError) return true;
    const now = performance.now();
    if (this.#unreadableSince === null || isShortage(error)) this.#unreadableSince = now;
    return now - this.#unreadableSince >= UNREADABLE_MS;
  }

  /**
   * Checks whether the worker was stopped (SIGSTOP) or continued. A stopped worker is alive: it
   * holds its lock.
   */
  lookIfStalled(): void {
    // A pause stops the worker on purpose.
    const stopped = !isPausedNow(this.entry.record) && isStopped(this.run.worker);
    if (stopped === (this.stalledSince !== null)) return;
    this.stalledSince = stopped ? sharedTime() : null;
    this.#blockedChanged("stalledSince");
  }

  /** Measures the resources of the worker and of all processes that it started, if it is time. */
  lookAtResources(): void {
    if (!this.run.accepted || this.outcome) return;
    const { bus, containment } = this.parts;
    const { record } = this.entry;
    const steps = Object.values(record.steps ?? {}).at(-1) ?? [];
    const hasSteps = steps.some(({ state }) => state === "active");
    if (this.sampler.look(() => containment.pidsOf(this.run.worker), hasSteps))
      bus.emit("shown", record, "resources", "usage");
  }

  /** Sets since when the attempt waits for room on the disk; null: it does not wait. */
  waitsForRoom(since: Date | null): void {
    const noRoomSince = since?.toISOString() ?? null;
    if (noRoomSince === this.noRoomSince) return;
    this.noRoomSince = noRoomSince;
    this.#blockedChanged("noRoomSince");
  }

  /** Whether the remaining time is shown depends on these keys. */
  #blockedChanged(key: "stalledSince" | "noRoomSince"): void {
    const { record } = this.entry;
    if (record.progress === null) this.parts.bus.emit("shown", record, key);
    else this.parts.bus.emit("shown", record, key, "progress");
  }

  /**
   * Stops the worker: cancel file for a busy loop, SIGTERM for the rest, SIGKILL after the grace
   * period.
   */
  stop(reason: StopReason): void {
    // After its outcome the worker may already run another operation.
    if (this.outcome) return;
    this.parts.containment.lookEverywhere(this.run.worker);
    this.#writeCancelFile(reason);
    // A stopped process handles no other signal.
    if (isPausedNow(this.entry.record)) this.parts.containment.pause(this.run.worker, false);
    signalProcess(this.run.worker, "SIGTERM");
    if (this.#graceTimer === null) this.#startGrace();
  }

  #startGrace(): void {
    if (this.#graceTimer) clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => this.kill(), this.#gracePeriod * 1000);
  }

  /** Retries a cancel file that could not be written. */
  lookIfUntold(): void {
    if (this.#untold) this.#writeCancelFile(this.#untold);
  }

  #writeCancelFile(reason: StopReason): void {
    this.#untold = null;
    const file = cancelFile(this.dir);
    const there = lstatSync(file, { throwIfNoEntry: false });
    if (there?.isFile()) return;
    try {
      if (there !== undefined)
        this.#damaged(`${file} was not a regular file; it is kept in ${quarantineFile(file)}`);
      // The worker creates the directory only for a log.
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      replaceFileSync(file, `${JSON.stringify({ reason })}\n`);
    } catch (error) {
      // The signal and the grace period stop the operation without the file.
      this.#untold = reason;
      this.#sayCancelFileFailed(error as Error);
    }
  }

  /**
   * Reported once, since the write is retried every half second. `liveopsd status` shows a full
   * disk.
   */
  #sayCancelFileFailed(error: Error): void {
    if (this.#cancelFileFailed || isDiskFull(error)) return;
    this.#cancelFileFailed = true;
    this.#damaged(
      `the cancel file of ${this.id} could not be written (${error.message}); its worker was sent SIGTERM ` +
        `and is killed after ${this.#gracePeriod} s`,
    );
  }

  /** Sends SIGKILL to the worker and all processes that it started. */
  kill(): void {
    // While the worker is alive, the processes that it started can be found through it.
    void this.parts.containment.kill(this.run.worker);
    signalProcess(this.run.worker, "SIGKILL");
  }

  /** Damaged events were read: they are put aside after the read, all at once. */
  #reportDamage(): void {
    this.#isDamaged = false;
    try {
      for (const problem of checkEvents(this.events, undefined))
        this.parts.bus.emit("problem", problem);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }

  #damaged(message: string): void {
    this.parts.log.error({ id: this.id, attempt: this.number }, message);
  }

  close(): void {
    this.#clearTimers();
    this.#tail.close();
  }

  #clearTimers(): void {
    if (this.#graceTimer) clearTimeout(this.#graceTimer);
    if (this.#timeoutTimer) clearTimeout(this.#timeoutTimer);
  }

  #event(event: WorkerEvent): void {
    // The first event means acceptance; where that event is damaged, each later event does.
    this.run.accepted = true;
    if (event.type === "attempt:accepted") this.sampler.accepted(event.used);
    if (event.type === "grace:declared") {
      this.#gracePeriod = event.gracePeriod;
      if (this.#graceTimer) this.#startGrace();
    }
    if (event.type === "attempt:finished") this.sampler.finished(event.resources ?? null);
  }
}
