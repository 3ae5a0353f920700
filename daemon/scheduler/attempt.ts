/**
 * One running attempt as the daemon sees it: its run files tailed and folded, its worker, its stop.
 *
 * It only observes and signals; whatever it finds out (an outcome, a death) goes to the scheduler, which finishes.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { uptime } from "node:os";
import type { Outcome, StopReason, WorkerEvent } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { IrregularFileError } from "../../protocol/own-file.js";
import { RecordBuilder } from "../../protocol/reduce.js";
import type { BlockedState } from "../operation-view.js";
import { bootId, isStopped, signalProcess } from "../os/process-identity.js";
import { cancelFile, eventsFile } from "../run-files/attempt-files.js";
import { AttemptTail, type StoredLine } from "../run-files/attempt-tail.js";
import { isShortage } from "../run-files/unreadable.js";
import type { Entry, Run } from "../store/decision.js";
import { isDiskFull, replaceFileSync } from "../store/durable-file.js";
import { quarantineFile } from "../store/quarantine.js";
import type { PooledWorker, WorkerExit } from "../worker/pool.js";

export interface AttemptListener {
  /** The entry's record changed. */
  onChange(entry: Entry, before: Operation): void;
  onLines(entry: Entry, lines: StoredLine[]): void;
  /** What keeps it from going on began or ended. */
  onBlocked(entry: Entry, key: keyof BlockedState): void;
  onOutcome(attempt: Attempt, outcome: Outcome): void;
  /** It is about to be told to stop. */
  onStop(attempt: Attempt): void;
  /** Its worker and all that it started are to be killed. */
  onKill(attempt: Attempt): void;
  /** Something of its run files is damaged, or cannot be read. */
  onDamage(message: string): void;
}

/** Until the first look at what a worker of ours says. */
const FIRST_LOOK_MS = 10;

/**
 * With so many stages their maps, which are copied and sent whole, are a matter of time: the files are left alone for
 * as many ms as there are `STAGES_A_MS`, at most `LONGEST_REST_MS`. Nobody sees that of an operation with so many.
 */
const MANY_STAGES = 200;
const STAGES_A_MS = 20;
const LONGEST_REST_MS = 200;

/** How long the events of an ended worker are tried again that cannot be read. */
const UNREADABLE_MS = 5000;

/** Longest timer Node keeps, in ms. */
const MAX_TIMER = 2 ** 31 - 1;

export class Attempt {
  readonly number: number;
  readonly run: Run;
  /** Number of the last event or line read. */
  seq: number;
  outcome: Outcome | null = null;
  /** Since when its worker is stopped and does nothing. */
  stalledSince: string | null = null;
  /** Since when the worker, or its finishing, waits for room on the disk. */
  noRoomSince: string | null = null;
  /** How far the worker's own output files were read into the log. */
  readonly outputEnd = { stdout: 0, stderr: 0 };
  /** How its worker ended, or that it is idle again; null while it runs, and for one adopted. */
  ended: { exit: WorkerExit | null } | null = null;
  /** Its end is being recorded. */
  isFinishing = false;
  /** Since when its worker has ended and its events cannot be read, by the monotonic clock in ms. */
  #unreadableSince: number | null = null;
  readonly #tail: AttemptTail;
  /** The stop whose cancel file could not be written yet. */
  #untold: StopReason | null = null;
  #cancelFileFailed = false;
  #graceTimer: NodeJS.Timeout | null = null;
  #timeoutTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly entry: Entry,
    run: Run,
    readonly dir: string,
    /** Null for one adopted from an earlier daemon. */
    readonly worker: PooledWorker | null,
    private readonly listener: AttemptListener,
  ) {
    this.run = run;
    this.number = entry.record.attempt;
    this.seq = entry.record.seq;
    this.#tail = new AttemptTail(dir, {
      onEvents: (events) => this.#events(events),
      onLines: (lines) => this.#lines(lines),
      onDamage: (file, line) => {
        if (file === eventsFile(dir)) this.run.accepted = true;
        listener.onDamage(`${file}: a line could not be read: ${line.slice(0, 200)}`);
      },
      onUnreadable: ({ message }) => listener.onDamage(`run files cannot be read: ${message}`),
    });
  }

  get id(): string {
    return this.entry.record.id;
  }

  /** Begins to tail, and to count down the type's timeout. */
  start(onTimeout: () => void): void {
    this.#tail.start(this.worker ? FIRST_LOOK_MS : 0);
    const { timeout } = this.run.policy;
    if (timeout === null || this.outcome) return;
    const rest = Math.min(Math.max(0, timeout - this.#secondsSpent()) * 1000, MAX_TIMER);
    this.#timeoutTimer = setTimeout(onTimeout, rest);
  }

  /** By the clock that runs since the boot, which nobody sets; by the wall clock after another boot. */
  #secondsSpent(): number {
    const { worker, startedUptime, startedAt } = this.run;
    if (worker.bootId === bootId()) return uptime() - startedUptime;
    return Math.max(0, (Date.now() - Date.parse(startedAt)) / 1000);
  }

  /** Reads both run files to their end. What cannot be read is noted in `unreadable`. */
  read(): void {
    this.#tail.read();
  }

  /** Why its events cannot be read, as of the last look. */
  get unreadable(): Error | null {
    return this.#tail.unreadable.events;
  }

  /** Why its log cannot be read, as of the last look. */
  get unreadableLog(): Error | null {
    return this.#tail.unreadable.log;
  }

  /**
   * Whether its events, which cannot be read, are given up. Asked when its worker has ended. An I/O error may pass: for
   * `UNREADABLE_MS` they are tried again, and for as long as the daemon itself is short of descriptors or memory.
   */
  isGivenUp(): boolean {
    const error = this.unreadable;
    if (error === null) return false;
    if (error instanceof IrregularFileError) return true;
    const now = performance.now();
    if (this.#unreadableSince === null || isShortage(error)) this.#unreadableSince = now;
    return now - this.#unreadableSince >= UNREADABLE_MS;
  }

  /** Looks whether the worker was stopped (SIGSTOP), or goes on again. It is alive either way: it holds its lock. */
  lookIfStalled(): void {
    const stopped = isStopped(this.run.worker);
    if (stopped === (this.stalledSince !== null)) return;
    this.stalledSince = stopped ? new Date().toISOString() : null;
    this.listener.onBlocked(this.entry, "stalledSince");
  }

  /** Notes since when it waits for room on the disk; null: it does not. */
  waitsForRoom(since: Date | null): void {
    const noRoomSince = since?.toISOString() ?? null;
    if (noRoomSince === this.noRoomSince) return;
    this.noRoomSince = noRoomSince;
    this.listener.onBlocked(this.entry, "noRoomSince");
  }

  /** Tells the worker to stop: cancel file for a busy loop, SIGTERM for the rest, SIGKILL after the grace period. */
  stop(reason: StopReason): void {
    // With the outcome read there is nothing to stop, and the worker may run another operation.
    if (this.outcome) return;
    this.listener.onStop(this);
    this.#writeCancelFile(reason);
    signalProcess(this.run.worker, "SIGTERM");
    this.#graceTimer ??= setTimeout(() => this.kill(), this.run.policy.gracePeriod * 1000);
  }

  /** Tries again to write a cancel file that could not be written before. */
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
        this.listener.onDamage(`${file} was no file; it is kept in ${quarantineFile(file)}`);
      // The worker may not have come to make it yet.
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      replaceFileSync(file, `${JSON.stringify({ reason })}\n`);
    } catch (error) {
      // The signal and the grace period stop the operation all the same.
      this.#untold = reason;
      this.#sayCancelFileFailed(error as Error);
    }
  }

  /** Said once: it is tried again every half second. A full disk is shown by `liveopsd status`. */
  #sayCancelFileFailed(error: Error): void {
    if (this.#cancelFileFailed || isDiskFull(error)) return;
    this.#cancelFileFailed = true;
    const { gracePeriod } = this.run.policy;
    this.listener.onDamage(
      `the cancel file of ${this.id} could not be written (${error.message}); its worker was sent SIGTERM ` +
        `and is killed after ${gracePeriod} s`,
    );
  }

  /** SIGKILL to the worker and everything it started. */
  kill(): void {
    // First, while the worker lives: it tells what it started.
    this.listener.onKill(this);
    signalProcess(this.run.worker, "SIGKILL");
  }

  close(): void {
    this.#clearTimers();
    this.#tail.close();
  }

  #clearTimers(): void {
    if (this.#graceTimer) clearTimeout(this.#graceTimer);
    if (this.#timeoutTimer) clearTimeout(this.#timeoutTimer);
  }

  /** Returns how long the files may be left alone, in ms. */
  #events(events: WorkerEvent[]): number {
    const before = this.entry.record;
    const growing = new RecordBuilder(before);
    let outcome: Outcome | null = null;
    for (const event of events) {
      if (event.seq > this.seq) this.seq = event.seq;
      // The first event says so; where it is damaged, each one after it does.
      this.run.accepted = true;
      if (event.type === "attempt:finished") {
        const { state, result, error, next, notLoaded } = event;
        outcome = { state, result, error, next, ...(notLoaded && { notLoaded }) };
      }
      growing.add(event);
    }
    this.entry.record = growing.record;
    if (this.entry.record !== before) this.listener.onChange(this.entry, before);
    if (outcome && !this.outcome) {
      this.outcome = outcome;
      this.#clearTimers();
      // What it logged before its last word is in the log by now.
      queueMicrotask(() => this.listener.onOutcome(this, outcome));
    }
    const { stages, stageStates } = this.entry.record;
    if (stages.length < MANY_STAGES || stageStates === before.stageStates) return 0;
    return Math.min(stages.length / STAGES_A_MS, LONGEST_REST_MS);
  }

  #lines(lines: StoredLine[]): void {
    const before = this.entry.record;
    const growing = new RecordBuilder(before);
    for (const line of lines) {
      if (line.seq > this.seq) this.seq = line.seq;
      if (line.end !== undefined && (line.stream === "stdout" || line.stream === "stderr")) {
        // Less than before where the file was emptied since.
        this.outputEnd[line.stream] = line.end;
      }
      growing.addLine(line);
    }
    this.entry.record = growing.record;
    if (this.entry.record === before) return;
    // Read again after a restart, some of them were counted before; one that is there twice counts once.
    let last = before.logLines;
    const isNew = ({ n }: StoredLine) => {
      if (n <= last) return false;
      last = n;
      return true;
    };
    this.listener.onLines(this.entry, lines.filter(isNew));
    this.listener.onChange(this.entry, before);
  }
}
