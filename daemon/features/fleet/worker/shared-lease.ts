/**
 * The lease of this host, as the main thread and the watchdog thread of a worker both see it: the
 * file of the daemon, and memory that both threads share.
 *
 * The time of a lease is that of `os.uptime()`, in seconds. libuv reads it from /proc/uptime, else
 * by `clock_gettime(CLOCK_BOOTTIME)`: this clock runs while the machine is suspended, and nobody
 * sets it. The monotonic clock of `performance.now()` stands still during a suspend, and people and
 * NTP set the clock of `Date`.
 */
import { uptime } from "node:os";
import { parseRecord } from "../../../../protocol/record-line.js";
import { readOwnFile } from "../../../../protocol/system/own-file.js";

/** Bytes that the file may have. */
const MOST_BYTES = 4096;

/** Readings of a file that is damaged. */
const TRIES = 3;

/** Seconds from the order until a lease counts as over whose file never existed. */
const FIRST_WAIT = 5;

/**
 * No attempt runs; an attempt runs; the processes of the worker are being ended, and nothing
 * changes that any more.
 */
const IDLE = 0;
const HELD = 1;
const ENDING = 2;

export class SharedLease {
  /** The state, and whether the watchdog waits for an attempt (1) or not (0). */
  readonly #state: Int32Array;
  /** Seconds since boot. 0: no attempt had a lease yet. */
  readonly #deadline: Float64Array;

  /**
   * @param file a record with `deadline`, in seconds since boot, and blanks after it
   * @param memory of the other thread; default: new memory
   */
  constructor(
    readonly file: string,
    readonly memory = new SharedArrayBuffer(16),
  ) {
    this.#state = new Int32Array(memory, 0, 2);
    this.#deadline = new Float64Array(memory, 8, 1);
  }

  /**
   * An attempt begins. A watchdog that waits for its next reading finds it then: short attempts do
   * not wake it.
   */
  hold(): void {
    if (this.#deadline[0] === 0) {
      this.#deadline[0] = uptime() + FIRST_WAIT;
      this.read();
    }
    Atomics.compareExchange(this.#state, 0, IDLE, HELD);
    if (Atomics.load(this.#state, 1) === 1) Atomics.notify(this.#state, 0);
  }

  /**
   * The attempt has ended: its lease does not matter any more. The watchdog finds that at its next
   * reading.
   */
  release(): void {
    Atomics.compareExchange(this.#state, 0, HELD, IDLE);
  }

  /** The worker ends. */
  end(): void {
    Atomics.store(this.#state, 0, ENDING);
    Atomics.notify(this.#state, 0);
  }

  get isHeld(): boolean {
    return Atomics.load(this.#state, 0) === HELD;
  }

  get isEnding(): boolean {
    return Atomics.load(this.#state, 0) === ENDING;
  }

  /** Seconds until the lease is over, by the last file that could be read. */
  get left(): number {
    return this.#deadline[0]! - uptime();
  }

  /** Reads the file. A file that is missing or damaged leaves the deadline as it was. */
  read(): void {
    // A read beside a write may be torn.
    for (let tries = 0; tries < TRIES; tries++) {
      let text: string;
      try {
        text = readOwnFile(this.file, MOST_BYTES).toString("utf8");
      } catch {
        return;
      }
      const deadline = parseRecord<{ deadline?: unknown }>(text.trimEnd())?.deadline;
      if (typeof deadline !== "number" || deadline <= 0) continue;
      this.#deadline[0] = deadline;
      return;
    }
  }

  /**
   * Whether the lease is over. The file is read first: a process that was stopped missed what was
   * renewed meanwhile.
   */
  isOver(): boolean {
    if (this.left >= 0) return false;
    this.read();
    return this.left < 0;
  }

  /** Blocks the watchdog until an attempt begins. */
  waitForAttempt(): void {
    Atomics.store(this.#state, 1, 1);
    Atomics.wait(this.#state, 0, IDLE);
    Atomics.store(this.#state, 1, 0);
  }

  /** Blocks the thread until the state is another one, at most `ms`. */
  waitWhile(state: "held" | "ending", ms?: number): void {
    Atomics.wait(this.#state, 0, { held: HELD, ending: ENDING }[state], ms);
  }
}
