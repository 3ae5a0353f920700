/**
 * Cost of `p.track` for an item: over an array, in addition to the bare loop; and over an async
 * iterable, beside a bare `for await`.
 *
 * The bare loop is the fastest loop, by index: V8 takes several times as long for `for … of` over a
 * large array.
 */
import { Cancellation } from "../../ops/attempt/cancellation.js";
import { Meter } from "../../ops/attempt/meter.js";
import { trackAsync, trackSync } from "../../ops/attempt/track.js";
import { rounds, row } from "../harness/measure.js";

const ROUNDS = 21;
const items = Array.from({ length: 2_000_000 }, (_, index) => index);
const ASYNC_ITEMS = 300_000;
const cancellation = new Cancellation({ signal: new AbortController().signal, poll: () => null });
const meter = new Meter(() => {});

async function* numbers(): AsyncGenerator<number> {
  for (let n = 0; n < ASYNC_ITEMS; n++) yield n;
}

/** Nanoseconds of an item. */
const timed = (count: number, loop: () => number | Promise<number>) => async () => {
  const start = performance.now();
  const sum = loop();
  // An await would take time from the sync loop.
  const all = typeof sum === "number" ? sum : await sum;
  const took = performance.now() - start;
  if (all !== (count * (count - 1)) / 2) throw new Error("the loop lost an item");
  return (took * 1e6) / count;
};

const sync = await rounds(ROUNDS, {
  bare: timed(items.length, () => {
    let sum = 0;
    for (let index = 0; index < items.length; index++) sum += items[index] as number;
    return sum;
  }),
  tracked: timed(items.length, () => {
    let sum = 0;
    for (const item of trackSync(items, {}, meter, cancellation)) sum += item;
    return sum;
  }),
});
row(
  "an item above the bare loop",
  "ns",
  "≤ 10 ns",
  sync.tracked.map((cost, round) => cost - sync.bare[round]!),
);

const awaited = await rounds(ROUNDS, {
  bare: timed(ASYNC_ITEMS, async () => {
    let sum = 0;
    for await (const item of numbers()) sum += item;
    return sum;
  }),
  tracked: timed(ASYNC_ITEMS, async () => {
    let sum = 0;
    for await (const item of trackAsync(numbers(), {}, meter, cancellation)) sum += item;
    return sum;
  }),
});
row("an item of an async iterable", "ns", "≤ 1.1 ×", awaited.tracked, {
  "for await": awaited.bare,
});
