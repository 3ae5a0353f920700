/** The trusted clock: deletion by age never uses a time that only a clock leap produced. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClockReading, STEADY_MS, TrustedClock } from "../../../daemon/store/trusted-clock.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
const YEARS = 30 * 365 * DAY;
const BEGIN = Date.UTC(2026, 0, 1);

/** A machine with its clocks, and a daemon on it. */
class Machine {
  readonly file = join(directory(), "clock.json");
  /** The true time. */
  time = BEGIN;
  /** How far the wall clock is off. */
  off = 0;
  #boot = BEGIN;
  #boots = 0;
  clock!: TrustedClock;

  constructor(newest: number | null = null) {
    this.start(newest);
  }

  read(): ClockReading {
    return { wall: this.time + this.off, uptime: this.time - this.#boot, bootId: `boot ${this.#boots}` };
  }

  start(newest: number | null = null): void {
    this.clock = new TrustedClock(this.file, () => this.read());
    this.clock.begin(newest);
    this.clock.save();
  }

  /** The daemon runs and looks every hour. */
  runs(ms: number): void {
    for (const end = this.time + ms; this.time < end; ) {
      this.time += Math.min(HOUR, end - this.time);
      this.clock.now();
    }
    this.clock.save();
  }

  /** The machine is off, then the daemon starts again. */
  reboots(ms: number): void {
    this.time += ms;
    this.#boot = this.time;
    this.#boots++;
    this.start();
  }

  /** No daemon runs for a while. */
  rests(ms: number): void {
    this.time += ms;
    this.start();
  }
}

test("without a leap it is the wall clock, through sleep, restarts and a machine that is off for weeks", () => {
  const machine = new Machine();
  for (const pass of [
    () => machine.runs(3 * DAY),
    () => machine.rests(200 * DAY),
    () => machine.reboots(20 * DAY),
    () => {
      machine.off = 2 * HOUR;
    },
  ]) {
    pass();
    expect(machine.clock.problem()).toBeNull();
    expect(machine.clock.now()).toBe(machine.time + machine.off);
  }
});

test("a leap while the daemon runs, rests or the machine is off is seen, and undone when the clock is right", () => {
  for (const leap of [YEARS, -YEARS]) {
    for (const pass of ["runs", "rests", "reboots"] as const) {
      const machine = new Machine();
      machine.runs(DAY);
      machine.off = leap;
      machine[pass](HOUR);
      expect(machine.clock.problem()).toMatch(leap > 0 ? "leaped ahead by 109" : "leaped back by 109");
      expect(machine.clock.now()).toBeLessThanOrEqual(machine.time);
      machine.rests(HOUR);
      expect(machine.clock.problem()).not.toBeNull();
      machine.off = 0;
      expect(machine.clock.problem()).toBeNull();
      expect(machine.clock.now()).toBe(machine.time);
    }
  }
});

test("a new time counts after the daemon ran with it for a day; the time in which it rests does not count", () => {
  const machine = new Machine();
  machine.runs(DAY);
  machine.off = YEARS;
  machine.runs(STEADY_MS / 2);
  machine.rests(30 * DAY);
  machine.runs(STEADY_MS / 2 - 2 * HOUR);
  expect(machine.clock.problem()).toMatch(/for 2 more hours|for 3 more hours/);
  machine.runs(4 * HOUR);
  expect(machine.clock.problem()).toBeNull();
  expect(machine.clock.now()).toBe(machine.time + YEARS);
});

test("with no reading kept, or a damaged one, the newest operation tells what is plausible", () => {
  for (const damage of [null, "", "{", '{"reference":{"wall":"now"}}']) {
    const machine = new Machine(BEGIN - DAY);
    expect(machine.clock.problem()).toBeNull();
    if (damage !== null) writeFileSync(machine.file, damage);
    machine.off = YEARS;
    machine.start(BEGIN);
    expect(machine.clock.problem()).toContain("leaped ahead");
    expect(machine.clock.now()).toBeLessThanOrEqual(BEGIN + DAY);
  }
});

test("law: whatever passes, the trusted time is ahead by a month at most, until a wrong time stood for a day", () => {
  const passing = fc.oneof(
    fc.record({ runs: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ rests: fc.integer({ min: 1, max: 500 }) }),
    fc.record({ reboots: fc.integer({ min: 1, max: 500 }) }),
    fc.record({ leaps: fc.integer({ min: -50 * 365, max: 50 * 365 }) }),
    fc.constant({ leaps: 0 }),
  );
  fc.assert(
    fc.property(fc.array(passing, { maxLength: 20 }), (all) => {
      const machine = new Machine();
      let wrong = 0;
      for (const each of all) {
        if ("leaps" in each) {
          machine.off = each.leaps * DAY;
          wrong = 0;
        } else if ("runs" in each) {
          machine.runs(each.runs * HOUR);
          wrong += each.runs * HOUR;
        } else if ("rests" in each) machine.rests(each.rests * HOUR);
        else machine.reboots(each.reboots * HOUR);
        if (wrong >= STEADY_MS) return;
        // A machine that was off may have a clock that is ahead by as much as machines are off.
        expect(machine.clock.now() - machine.time).toBeLessThanOrEqual(31 * DAY);
      }
    }),
  );
});
