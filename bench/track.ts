/**
 * What `p.track` costs an item over a 2,000,000-element array, above the bare loop in the same run.
 *
 *     npx tsx bench/track.ts
 *
 * Rounds are interleaved and the medians compared, so that a busy machine slows all alike. The bare loop is the
 * fastest there is, by index: V8 takes several times as long for `for … of` over an array this large.
 */
import { Cancellation } from "../ops/api/cancellation.js";
import { Meter } from "../ops/api/meter.js";
import { trackSync } from "../ops/api/track.js";

const ITEMS = 2_000_000;
const ROUNDS = 31;
const LIMIT_NS = 12;

const items = Array.from({ length: ITEMS }, (_, index) => index);
const stop = new AbortController();
const cancellation = new Cancellation({ signal: stop.signal, poll: () => null });
let sent = 0;
const meter = new Meter(() => {
  sent++;
});

function bare(): number {
  let sum = 0;
  for (let index = 0; index < items.length; index++) sum += items[index] as number;
  return sum;
}

function forOf(): number {
  let sum = 0;
  for (const item of items) sum += item;
  return sum;
}

function tracked(): number {
  let sum = 0;
  for (const item of trackSync(items, {}, meter, cancellation)) sum += item;
  return sum;
}

function nsPerItem(loop: () => number): number {
  const start = process.hrtime.bigint();
  if (loop() !== (ITEMS * (ITEMS - 1)) / 2) throw new Error("the loop lost an item");
  return Number(process.hrtime.bigint() - start) / ITEMS;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const times = { bare: [] as number[], forOf: [] as number[], tracked: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  times.bare.push(nsPerItem(bare));
  times.forOf.push(nsPerItem(forOf));
  times.tracked.push(nsPerItem(tracked));
}
const reference = median(times.bare);
const cost = median(times.tracked);
const above = cost - reference;
console.log(
  `p.track: ${cost.toFixed(1)} ns an item, bare loop ${reference.toFixed(1)} ns (${(cost / reference).toFixed(1)} x; ` +
    `for of ${median(times.forOf).toFixed(1)} ns); ${above.toFixed(1)} ns above it, at most ${LIMIT_NS} wanted; ` +
    `${sent} progress facts`,
);
process.exitCode = above <= LIMIT_NS ? 0 : 1;
