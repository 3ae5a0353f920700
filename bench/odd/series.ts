/** Made-up series of numbers that operations tell: what is usual for years, without anything odd. */
import { type Random, scatter } from "../honest-time/made-up.js";

export interface Point {
  readonly value: number;
  /** In ms since 1970. */
  readonly at: number;
}

export interface Series {
  readonly name: string;
  readonly isTime: boolean;
  /** Whether a third of a value, or ten times a time, is far outside for a person too. */
  readonly isSteady: boolean;
  /** Noise, a pattern of a day or week, or growth: hardly anything may be told. */
  readonly isPattern: boolean;
  readonly make: (random: Random, runs: number) => Point[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday. */
const BEGIN = Date.UTC(2026, 0, 5, 2);

type Value = (run: number, at: number, random: Random) => number;

const series = (name: string, every: number, value: Value, options: Partial<Series> = {}): Series => ({
  name,
  isTime: false,
  isSteady: false,
  isPattern: true,
  make(random, runs) {
    const begin = BEGIN + Math.floor(random() * 14) * DAY;
    return Array.from({ length: runs }, (_, run) => {
      const at = begin + run * every;
      return { at: at + random() * (every / 50), value: value(run, at, random) };
    });
  },
  ...options,
});

const whole =
  (value: Value): Value =>
  (...args) =>
    Math.round(value(...args));
const noise =
  (centre: number, sigma: number): Value =>
  (_run, _at, random) =>
    centre * scatter(random, sigma);
const hourOf = (at: number) => new Date(at).getUTCHours();
const dayOf = (at: number) => new Date(at).getUTCDay();
const isWeekend = (at: number) => dayOf(at) === 0 || dayOf(at) === 6;

function poisson(mean: number): Value {
  return (_run, _at, random) => {
    let count = -1;
    let rest = mean;
    while (rest > 0) {
      rest += Math.log(1 - random());
      count++;
    }
    return Math.max(0, count);
  };
}

const STEADY = { isSteady: true };
const TIME = { isTime: true };
/** What no rule can know. */
const RARE = { isPattern: false };

export const SERIES: readonly Series[] = [
  series("the same size each day", DAY, () => 2_000_000_000, STEADY),
  series("a size, noise of 2 %", DAY, whole(noise(2e9, 0.02)), STEADY),
  series("a size, noise of 10 %", DAY, whole(noise(2e9, 0.1)), STEADY),
  series("a size, noise of 10 %, by hand", 3 * MINUTE, whole(noise(4e6, 0.1)), STEADY),
  series("a size, noise of 30 %", DAY, whole(noise(2e9, 0.3))),
  series("sizes of other orders, noise of 150 %", DAY, whole(noise(2e8, 1))),
  series("always zero", DAY, () => 0),
  series("zero, one run of a hundred tells some", DAY, (_r, _a, random) => (random() < 0.01 ? 40 : 0), RARE),
  series("a count of about 3", HOUR, poisson(3)),
  series("a count of about 12", HOUR, poisson(12)),
  series("a count of about 1,000", HOUR, poisson(1000), STEADY),
  series("a share of about 0.97", DAY, noise(0.97, 0.01), STEADY),
  series("a difference around zero", DAY, (_r, _a, random) =>
    Math.round(1000 * Math.log(scatter(random, 1))),
  ),
  series("an id without an order", HOUR, (_r, _a, random) => Math.floor(random() * 32_768), RARE),
  series("a counter", DAY, (run) => 4000 + run),
  series(
    "growth of 1 % of the first a run",
    DAY,
    whole((run, _a, random) => (2e9 + run * 2e7) * scatter(random, 0.02)),
    STEADY,
  ),
  series(
    "growth of 2 % a run",
    DAY,
    whole((run, _a, random) => 1e6 * 1.02 ** run * scatter(random, 0.05)),
  ),
  series(
    "growth of 1 % a run",
    DAY,
    whole((run, _a, random) => 1e6 * 1.01 ** run * scatter(random, 0.05)),
    STEADY,
  ),
  series(
    "growth, and a fresh start each month",
    DAY,
    whole((run, _a, random) => (1 + (run % 30)) * 1e8 * scatter(random, 0.02)),
    RARE,
  ),
  series("shrinks to nothing", DAY, (run) => Math.max(0, 2000 - 10 * run)),
  series(
    "hourly, a wave over the day",
    HOUR,
    whole(
      (_r, at, random) => 1000 * (1 + 0.8 * Math.sin((hourOf(at) / 12) * Math.PI)) * scatter(random, 0.1),
    ),
  ),
  series(
    "hourly, office hours are eight times as busy",
    HOUR,
    whole((_r, at, random) => (hourOf(at) >= 9 && hourOf(at) < 17 ? 8000 : 1000) * scatter(random, 0.1)),
  ),
  series(
    "hourly, one large run a night",
    HOUR,
    whole((_r, at, random) => (hourOf(at) === 3 ? 20_000 : 1000) * scatter(random, 0.1)),
  ),
  series(
    "hourly, quiet weekends",
    HOUR,
    whole((_r, at, random) => (isWeekend(at) ? 150 : 1000) * scatter(random, 0.1)),
  ),
  series(
    "daily, a full backup on Sundays",
    DAY,
    whole((_r, at, random) => (dayOf(at) === 0 ? 2e10 : 1e9) * scatter(random, 0.1)),
  ),
  series(
    "daily, nothing on weekends",
    DAY,
    whole((_r, at, random) => (isWeekend(at) ? 0 : 1000 * scatter(random, 0.1))),
  ),
  series(
    "a full run after two partial ones",
    DAY,
    whole((run, _a, random) => (run % 3 === 2 ? 2e10 : 1e9) * scatter(random, 0.1)),
  ),
  series("a time of a minute, noise of 10 %", DAY, noise(60, 0.1), { ...TIME, ...STEADY }),
  series("a time of a minute, noise of 40 %", DAY, noise(60, 0.4), TIME),
  series("a time of a second, noise of 100 %", HOUR, noise(1, 0.7), TIME),
  series(
    "a time, one run of ten from the cache",
    HOUR,
    (_r, _a, random) => (random() < 0.1 ? 2 : 120) * scatter(random, 0.1),
    TIME,
  ),
  series(
    "a time on a machine that is busy in the day",
    HOUR,
    (_r, at, random) => (hourOf(at) >= 9 && hourOf(at) < 17 ? 100 : 60) * scatter(random, 0.2),
    TIME,
  ),
];
