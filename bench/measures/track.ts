/**
 * Cost of `p.track` per item: over an array of 2,000,000 items, in addition to the bare loop; and over an async iterable,
 * compared with a bare `for await`.
 *
 * The bare loop is the fastest loop, by index: V8 takes several times as long for `for … of` over a large array.
 */
import { Cancellation } from "../../ops/attempt/cancellation.js";
import { Meter } from "../../ops/attempt/meter.js";
import { trackAsync, trackSync } from "../../ops/attempt/track.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";

export default async function track({ quick }: MeasureOptions): Promise<Row[]> {
  const rounds = quick ? 7 : 31;
  const items = Array.from({ length: 2_000_000 }, (_, index) => index);
  const expected = items.reduce((sum, item) => sum + item, 0);
  const cancellation = new Cancellation({ signal: new AbortController().signal, poll: () => null });
  const meter = new Meter(() => {});

  const sync = (loop: () => number) => () => {
    const start = performance.now();
    if (loop() !== expected) throw new Error("the loop lost an item");
    return ((performance.now() - start) * 1e6) / items.length;
  };
  const samples = await interleave(
    {
      bare: sync(() => {
        let sum = 0;
        for (let index = 0; index < items.length; index++) sum += items[index] as number;
        return sum;
      }),
      tracked: sync(() => {
        let sum = 0;
        for (const item of trackSync(items, {}, meter, cancellation)) sum += item;
        return sum;
      }),
    },
    rounds,
  );

  const count = 300_000;
  const awaited = (loop: () => Promise<number>) => async () => {
    const start = performance.now();
    if ((await loop()) !== (count * (count - 1)) / 2) throw new Error("the loop lost an item");
    return ((performance.now() - start) * 1e6) / count;
  };
  const asyncSamples = await interleave(
    {
      bare: awaited(async () => {
        let sum = 0;
        for await (const item of numbers(count)) sum += item;
        return sum;
      }),
      tracked: awaited(async () => {
        let sum = 0;
        for await (const item of trackAsync(numbers(count), {}, meter, cancellation)) sum += item;
        return sum;
      }),
    },
    rounds,
  );

  const above = samples.tracked.map((cost, round) => cost - samples.bare[round]!);
  return [
    row({
      name: "p.track, an item above the bare loop",
      unit: "ns",
      ours: above,
      goal: "≤ 10 ns",
      notes: "an array of 2,000,000, a loop by index beside it",
    }),
    row({
      name: "p.track, an item of an async iterable",
      unit: "ns",
      ours: asyncSamples.tracked,
      beside: { what: "for await", samples: asyncSamples.bare },
      goal: "≤ 1.1 ×",
      notes: `${count} items of an async generator`,
    }),
  ];
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield n;
}
