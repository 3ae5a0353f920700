/**
 * The wall clock as far as it can be trusted, for deletion by age. A wall clock may leap by years: a machine that
 * starts without a battery, a wrong time server, a typing error. Age counts only as far as it agrees with the boot
 * clock, which nobody can set.
 *
 * The last trusted reading is kept in a file, so that a leap while no daemon runs is detected too. A clock that leaped
 * is trusted again when it is back, or after the daemon has run for a day with the new time.
 */
import { uptime } from "node:os";
import { readOwnFile } from "../../protocol/system/own-file.js";
import { bootId } from "../os/process-identity.js";
import { replaceFileSync } from "./durable-file.js";

/** Most bytes of the file, which usually has some hundred. */
const MOST_BYTES = 64 * 1024;

const HOUR_MS = 3600 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Within one boot the two clocks may differ by this: somebody sets the clock, a time zone was mistaken for UTC. */
const TOLERANCE_MS = DAY_MS;

/** Over a reboot: how long a machine may have been switched off. */
const MOST_OFF_MS = 30 * DAY_MS;

/** How long the daemon must run with a clock that leaped before its time is trusted. */
export const STEADY_MS = DAY_MS;

export interface ClockReading {
  /** Milliseconds since 1970. */
  wall: number;
  /** Milliseconds since the boot, sleep included. */
  uptime: number;
  bootId: string | null;
}

interface Leap {
  /** The last reading after the leap. */
  last: ClockReading;
  /** Milliseconds of daemon uptime over which the clock did not leap again. */
  steady: number;
}

interface StoredClock {
  reference: ClockReading;
  leap: Leap | null;
}

export class TrustedClock {
  #reference: ClockReading | null = null;
  #leap: Leap | null = null;
  /** The last reading of this process. */
  #previous: ClockReading | null = null;
  #stored = "";

  constructor(
    private readonly file: string,
    private readonly read: () => ClockReading = readClocks,
  ) {
    const stored = readStored(file);
    this.#reference = stored?.reference ?? null;
    this.#leap = stored?.leap ?? null;
  }

  /**
   * If no reading was kept, uses the time of the newest operation instead.
   *
   * @param newest milliseconds since 1970; null: there is no operation, and nothing to delete
   */
  begin(newest: number | null): void {
    const now = this.read();
    this.#reference ??= newest === null ? now : { wall: newest, uptime: 0, bootId: null };
    this.#look(now);
  }

  /** Milliseconds since 1970, never later than the wall clock; after a leap ahead, the time without the leap. */
  now(): number {
    const now = this.read();
    if (!this.#reference) return now.wall;
    this.#look(now);
    return this.#leap ? Math.min(now.wall, expected(this.#reference, now)) : now.wall;
  }

  /** Describes what is wrong with the clock; null if nothing is. */
  problem(): string | null {
    const now = this.read();
    if (!this.#reference) return null;
    this.#look(now);
    if (!this.#leap) return null;
    const days = Math.round((now.wall - expected(this.#reference, now)) / DAY_MS);
    const way = days < 0 ? "back" : "ahead";
    const hours = Math.ceil((STEADY_MS - this.#leap.steady) / HOUR_MS);
    return (
      `the system clock leaped ${way} by ${Math.abs(days)} days; no finished operation is removed for its age ` +
      `until the clock is set right, or the daemon has run for ${hours} more hours with this time`
    );
  }

  /**
   * Writes the state to the file; durable when this returns.
   *
   * @throws the error of the file system
   */
  save(): void {
    if (!this.#reference) return;
    const stored: StoredClock = { reference: this.#reference, leap: this.#leap };
    const text = `${JSON.stringify(stored)}\n`;
    if (text === this.#stored) return;
    replaceFileSync(this.file, text);
    this.#stored = text;
  }

  #look(now: ClockReading): void {
    const reference = this.#reference!;
    if (isPlausible(reference, now)) this.#trust(now);
    else {
      this.#leap = { last: now, steady: this.#steadyAt(now) };
      if (this.#leap.steady >= STEADY_MS) this.#trust(now);
    }
    this.#previous = now;
  }

  #trust(now: ClockReading): void {
    this.#reference = now;
    this.#leap = null;
  }

  /** Only the time in which this daemon runs counts. */
  #steadyAt(now: ClockReading): number {
    if (!this.#leap || !isPlausible(this.#leap.last, now)) return 0;
    return this.#leap.steady + (this.#previous ? now.uptime - this.#previous.uptime : 0);
  }
}

function expected(reference: ClockReading, now: ClockReading): number {
  if (reference.bootId !== now.bootId || now.bootId === null) return reference.wall;
  return reference.wall + (now.uptime - reference.uptime);
}

function isPlausible(before: ClockReading, now: ClockReading): boolean {
  const off = now.wall - expected(before, now);
  const isSameBoot = before.bootId === now.bootId && now.bootId !== null;
  return off >= -TOLERANCE_MS && off <= (isSameBoot ? TOLERANCE_MS : MOST_OFF_MS);
}

function readClocks(): ClockReading {
  return { wall: Date.now(), uptime: uptime() * 1000, bootId: bootId() };
}

/** Null if there is no reading, or it cannot be read: the newest operation is used instead. */
function readStored(file: string): StoredClock | null {
  try {
    const { reference, leap } = JSON.parse(readOwnFile(file, MOST_BYTES).toString("utf8")) as StoredClock;
    const isLeap = leap === null || (isReading(leap.last) && Number.isFinite(leap.steady));
    return isReading(reference) && isLeap ? { reference, leap } : null;
  } catch {
    return null;
  }
}

function isReading(value: unknown): value is ClockReading {
  const { wall, uptime } = (value ?? {}) as Partial<ClockReading>;
  return Number.isFinite(wall) && Number.isFinite(uptime);
}
