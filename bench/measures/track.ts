/**
 * Cost of `p.track` per item: over an array of 2,000,000 items, in addition to the bare loop; over an async iterable,
 * compared with a bare `for await`; and with a `key`, whose items are stored for a later attempt, beside the same loop
 * without one.
 *
 * The bare loop is the fastest loop, by index: V8 takes several times as long for `for … of` over a large array.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cancellation } from "../../ops/attempt/cancellation.js";
import { ItemKeys } from "../../ops/attempt/item-keys.js";
import { trackKeyedSync } from "../../ops/attempt/keyed-track.js";
import { Meter } from "../../ops/attempt/meter.js";
import { fileStageValues } from "../../ops/attempt/stage-values.js";
import { trackAsync, trackSync } from "../../ops/attempt/track.js";
import { alone, compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";

/** Overhead that tqdm documents: https://github.com/tqdm/tqdm, Overhead. */
const TQDM_NS = 60;

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
      forOf: sync(() => {
        let sum = 0;
        for (const item of items) sum += item;
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

  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const ids = Array.from({ length: 100_000 }, (_, index) => `user-${index}@example.org`);
  /** Nanoseconds an item of a whole loop, with the load of what earlier attempts finished, and the last sync. */
  const keyed = (attempt: number, left: number) => () => {
    const start = performance.now();
    const keys = new ItemKeys(
      fileStageValues(join(dir, "values"), {}, attempt).items("Each", 1),
      () => {},
      meter.clock,
    );
    const host = { meter, cancellation, keys: () => keys, note: () => {} };
    let count = 0;
    for (const _ of trackKeyedSync(ids, { key: (id) => id }, host)) count++;
    if (count !== left) throw new Error("the loop lost an item");
    keys.end();
    return ((performance.now() - start) * 1e6) / ids.length;
  };
  const keyedSamples = await interleave(
    {
      tracked: () => {
        const start = performance.now();
        let count = 0;
        for (const _ of trackSync(ids, {}, meter, cancellation)) count++;
        return ((performance.now() - start) * 1e6) / count;
      },
      keyed: keyed(1, ids.length),
      skipped: keyed(2, 0),
    },
    quick ? 3 : 11,
  ).finally(() => rmSync(dir, { recursive: true }));

  const above = samples.tracked.map((cost, round) => cost - samples.bare[round]!);
  const whole = compared(
    "p.track, an item of an array",
    samples.tracked,
    { what: "for … of", samples: samples.forOf },
    { unit: "ns", notes: "2,000,000 items" },
  );
  return [
    {
      ...alone("p.track, an item above the bare loop", above, {
        unit: "ns",
        goal: { of: "ours", atMost: 10 },
        notes: "an array of 2,000,000, a loop by index beside it",
      }),
      reference: { what: "tqdm, as it says of itself", value: TQDM_NS },
    },
    whole,
    compared(
      "p.track, an item of an async iterable",
      asyncSamples.tracked,
      { what: "for await", samples: asyncSamples.bare },
      { unit: "ns", goal: { of: "ratio", atMost: 1.1 }, notes: `${count} items of an async generator` },
    ),
    compared(
      "p.track with a key, an item of an array",
      keyedSamples.keyed,
      { what: "p.track without a key", samples: keyedSamples.tracked },
      { unit: "ns", notes: "100,000 items, stored and synced" },
    ),
    compared(
      "p.track with a key, an item that an earlier attempt finished",
      keyedSamples.skipped,
      { what: "p.track without a key", samples: keyedSamples.tracked },
      { unit: "ns", notes: "100,000 items, read and skipped" },
    ),
  ];
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield n;
}
