/**
 * Laws of finished items: each item is done at least once, and again only within the documented
 * window.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, it } from "vitest";
import { Cancellation } from "../../../ops/attempt/cancellation.js";
import { batchesOf } from "../../../ops/attempt/item-files.js";
import { ItemKeys } from "../../../ops/attempt/item-keys.js";
import {
  type KeyedHost,
  trackKeyedAsync,
  trackKeyedSync,
} from "../../../ops/attempt/keyed-track.js";
import { Meter } from "../../../ops/attempt/meter.js";
import type { FinishedItems } from "../../../ops/attempt/sink.js";
import {
  type Forgotten,
  fileStageValues,
  forgetFrom,
  type KeptItems,
  keptBefore,
} from "../../../ops/attempt/stage-values.js";
import { systemError } from "../../harness/system-error.js";
import { useDirectories } from "../../harness/temporary.js";
import { FakeClock } from "../../harness/testing/fake-clock.js";
import { TestStop } from "./array-sink.js";

const directory = useDirectories();
/** Time in ms between two writes. */
const WINDOW = { files: 10, events: 1000 };

let dir: string;
let events: KeptItems[];
let forgotten: Forgotten[];
let inFleet: boolean;
beforeEach(() => {
  dir = join(directory(), "values");
  events = [];
  forgotten = [];
  inFleet = false;
});

function storeOf(
  attempt: number,
  stage: string | null = "Each",
  params = {},
  occurrence = 1,
): FinishedItems {
  const recordItems = ({
    stage,
    items,
  }: {
    stage: string | null;
    items?: Omit<KeptItems, "stage" | "attempt">;
  }) => events.push({ attempt, stage, ...items! });
  return fileStageValues(dir, params, attempt, {
    forgotten,
    earlierItems: () => events,
    ...(inFleet && { recordItems }),
  }).items({ stage, occurrence });
}

class Attempt implements KeyedHost {
  readonly notes: string[] = [];
  readonly bars: number[] = [];
  readonly clock = new FakeClock();
  readonly stop = new TestStop();
  readonly cancellation = new Cancellation(this.stop, this.clock);
  readonly meter = new Meter(
    (_, progress) => this.bars.push(progress?.done ?? -1),
    undefined,
    this.clock,
  );
  readonly #keys: ItemKeys;

  constructor(store: FinishedItems | null, most?: number) {
    this.#keys = new ItemKeys(store, (text) => this.notes.push(text), this.clock, most);
  }

  keys = () => this.#keys;
  note = (text: string) => this.notes.push(text);

  track<T>(
    items: Iterable<T>,
    key: (item: T, index: number) => string | number,
    label?: string,
  ): Iterable<T> {
    return trackKeyedSync(items, { key, ...(label !== undefined && { label }) }, this);
  }
}

/** Runs an attempt; returns what its loop did. */
function done<T>(
  attempt: number,
  items: Iterable<T>,
  key: (item: T) => string | number,
  stopAt?: T,
): T[] {
  const run = new Attempt(storeOf(attempt));
  const did: T[] = [];
  for (const item of run.track(items, key)) {
    if (item === stopAt) break;
    did.push(item);
  }
  run.keys().end();
  return did;
}

const id = <T>(item: T) => item as string & T;
const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

it("law: each item is done, and again only if it was finished shortly before a kill", () => {
  const ends = fc.constantFrom("throw", "break", "cancel", "kill", "kill");
  const attempts = fc.array(
    fc.record({ at: fc.nat({ max: 120 }), end: ends, shuffle: fc.boolean() }),
    {
      maxLength: 6,
    },
  );
  const times = fc.array(fc.constantFrom(0, 0, 0.01, 1, 4, 30, 700), {
    minLength: 1,
    maxLength: 9,
  });
  fc.assert(
    fc.property(
      fc.nat({ max: 150 }),
      attempts,
      times,
      fc.boolean(),
      (count, attempts, times, fleet) => {
        rmSync(dir, { recursive: true, force: true });
        events = [];
        inFleet = fleet;
        const items = upTo(count).map((n) => `item ${n}`);
        const did = new Set<string>();
        /** Items that may not be done again. */
        const known = new Set<string>();
        const runs = [...attempts, { at: Number.POSITIVE_INFINITY, end: "none", shuffle: false }];
        for (const [index, { at, end, shuffle }] of runs.entries()) {
          const run = new Attempt(storeOf(index + 1));
          const iterator = run.track(shuffle ? items.toReversed() : items, id)[Symbol.iterator]();
          const finished: Array<{ item: string; at: number }> = [];
          const again: string[] = [];
          let isKilled = false;
          try {
            for (let n = 0; ; n++) {
              const next = iterator.next();
              if (next.done) break;
              const item = next.value;
              if (known.has(item)) again.push(item);
              isKilled = n === at && end === "kill";
              if (isKilled) break;
              if (n === at && end === "cancel") run.stop.abort("cancel");
              else if (n === at) {
                iterator.return?.();
                break;
              }
              run.clock.advance(times[n % times.length]!);
              // The body has ended.
              did.add(item);
              finished.push({ item, at: run.clock.now() });
            }
          } catch (stop) {
            expect((stop as Error).name).toBe("OperationCancelled");
          }
          expect(again).toEqual([]);
          const now = run.clock.now() - (fleet ? WINDOW.events : WINDOW.files);
          // Measured from the last finished item: the one in progress may take hours.
          for (const { item, at } of finished) if (!isKilled || at <= now) known.add(item);
          if (!isKilled) run.keys().end();
        }
        expect([...did].sort()).toEqual([...items].sort());
      },
    ),
  );
});

it("law: as many items of a key are done as there are, however they are left", () => {
  const keys = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
  fc.assert(
    fc.property(keys, fc.array(fc.nat({ max: 12 }), { maxLength: 5 }), (items, stops) => {
      rmSync(dir, { recursive: true, force: true });
      const did: string[] = [];
      for (const [index, stop] of [...stops, 99].entries()) {
        const run = new Attempt(storeOf(index + 1));
        let n = 0;
        for (const item of run.track(items, id)) {
          if (n++ === stop) break;
          did.push(item);
        }
        run.keys().end();
      }
      expect(did.sort()).toEqual([...items].sort());
    }),
  );
});

it("says once that items share a key", () => {
  const run = new Attempt(storeOf(1));
  expect([...run.track(["a", "b", "a", "a", "b"], id)]).toHaveLength(5);
  expect(run.notes).toEqual([
    "p.track: several items have the key 'a'; a later attempt skips as many of them as were finished",
  ]);
});

it("begins the bar with what is done, and says by whom", async () => {
  const items = upTo(1000);
  expect(done(1, items, id, 513)).toHaveLength(512);
  const run = new Attempt(storeOf(2));
  for (const item of run.track(items, id)) {
    expect(run.bars).toEqual([512]);
    if (item === 513) break;
  }
  expect(run.notes).toEqual(["512 of 1,000 items finished by attempt 1"]);
  run.keys().end();
  expect(done(3, items, id, 601)).toEqual(upTo(600).slice(512));
  const last = new Attempt(storeOf(4));
  async function* source() {
    yield* items;
  }
  const left: number[] = [];
  for await (const item of trackKeyedAsync(source(), { key: id, size: () => 2 }, last))
    left.push(item);
  expect(left).toEqual(items.slice(600));
  expect(last.notes).toEqual(["600 items finished by attempts 1 and 3"]);
  last.meter.flush();
  expect(last.bars.at(-1)).toBe(2000);
});

it("counts no skipped item for the rate", () => {
  expect(done(1, upTo(1000), id, 901)).toHaveLength(900);
  const sent: Array<number | null> = [];
  const run = new Attempt(storeOf(2));
  const meter = new Meter((_, progress) => sent.push(progress?.rate ?? null), undefined, run.clock);
  const host = { ...run, keys: run.keys, meter, cancellation: run.cancellation };
  for (const _ of trackKeyedSync(upTo(1000), { key: id }, host)) run.clock.advance(100);
  expect(Math.max(...sent.map((rate) => rate ?? 0))).toBeCloseTo(10, 0);
});

it("keeps loops apart: by label, by number, and inside an item of another loop", () => {
  const files = ["x", "y", "z"];
  const rows = upTo(4);
  const seen: string[] = [];
  const work = (attempt: number, from: number, stop: string) => {
    const run = new Attempt(storeOf(attempt));
    try {
      for (const file of run.track(files.slice(from), id, "Files"))
        for (const row of run.track(rows, id, "Rows")) {
          if (`${file}${row}` === stop) throw new Error("stop");
          seen.push(`${file}${row}`);
        }
      for (const label of ["Left", "Right", "Left"])
        for (const row of run.track([1, 2], id, label)) seen.push(`${label}${row}`);
    } catch {
      // Ends as `break` does.
    }
    run.keys().end();
    return seen.splice(0);
  };
  expect(work(1, 0, "y3")).toEqual(["x1", "x2", "x3", "x4", "y1", "y2"]);
  // The rows of y are known, though it is now the first file.
  expect(work(2, 1, "z2")).toEqual(["y3", "y4", "z1"]);
  expect(work(3, 0, "none")).toEqual([
    "z2",
    "z3",
    "z4",
    "Left1",
    "Left2",
    "Right1",
    "Right2",
    "Left1",
    "Left2",
  ]);
  expect(work(4, 0, "none")).toEqual([]);
});

it("counts for the same parameters, stage and run of the stage only", () => {
  expect(done(1, upTo(5), id, 4)).toEqual([1, 2, 3]);
  const rest = (store: FinishedItems) => [...new Attempt(store).track(upTo(5), id)];
  expect(rest(storeOf(2, "Each", { a: 1 }))).toEqual(upTo(5));
  expect(rest(storeOf(2, "Other"))).toEqual(upTo(5));
  expect(rest(storeOf(2, null))).toEqual(upTo(5));
  expect(rest(storeOf(2, "Each", {}, 2))).toEqual(upTo(5));
  expect(rest(storeOf(2))).toEqual([4, 5]);
});

it.each([false, true])("forgets what a retry from a stage forgets (in a fleet: %s)", (fleet) => {
  inFleet = fleet;
  const stages = ["A", "B", "C"];
  for (const stage of [...stages, null]) {
    const run = new Attempt(storeOf(1, stage));
    for (const item of run.track(upTo(3), id)) if (item === 3) break;
    run.keys().end();
  }
  if (fleet) forgotten.push({ attempt: 1, ...keptBefore("B", stages) });
  else forgetFrom(dir, "B", stages, 1);
  const left = [...stages, null].map(
    (stage) => [...new Attempt(storeOf(2, stage)).track(upTo(3), id)].length,
  );
  expect(left).toEqual([1, 3, 3, 3]);
  expect(
    existsSync(dir) && readdirSync(dir).filter((name) => name.endsWith(".1.items")).length,
  ).toBe(fleet ? false : 1);
});

it("drops the items of a stage that is done, of all attempts", () => {
  done(1, upTo(3), id, 2);
  done(2, upTo(3), id, 3);
  expect(readdirSync(dir)).toHaveLength(2);
  const run = new Attempt(storeOf(3));
  expect([...run.track(upTo(3), id)]).toEqual([3]);
  run.keys().discard();
  expect(readdirSync(dir)).toEqual([]);
});

it("leaves out a damaged batch, and a file that is no file of items", () => {
  done(1, upTo(3), id, 3);
  done(2, upTo(9), id, 9);
  const [first, second] = readdirSync(dir).sort();
  truncateSync(join(dir, second!), statSync(join(dir, second!)).size - 2);
  // The first item is a batch of its own.
  expect(done(3, upTo(9), id, 5)).toEqual([4]);
  writeFileSync(join(dir, first!), "what is this\n");
  for (const name of readdirSync(dir)) if (name !== first) rmSync(join(dir, name));
  expect(done(4, upTo(4), id)).toEqual(upTo(4));
  expect([...batchesOf(join(dir, "none"), () => true)]).toEqual([]);
});

it("goes on without storing where it cannot, and stores what waited once there is room", () => {
  const stored: number[] = [];
  let failure: string | null = "ENOSPC";
  const store: FinishedItems = {
    ...storeOf(1),
    load: () => [],
    append: (keys) => {
      if (failure !== null) throw systemError(failure, "write");
      stored.push(keys.length);
    },
  };
  const run = new Attempt(store);
  for (const item of run.track(upTo(20_000), id)) {
    run.clock.advance(5);
    if (item === 5000) failure = null;
    if (item === 15_000) failure = "EIO";
  }
  run.keys().end();
  expect(stored.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(14_990);
  expect(Math.max(...stored)).toBeGreaterThan(4990);
  expect(run.notes).toEqual([
    expect.stringMatching(
      /^finished items cannot be stored, so a later attempt may do them again: ENOSPC/,
    ),
  ]);
});

it("takes another object in the place of its file for no items, and goes on", () => {
  done(1, upTo(3), id, 3);
  const [name = ""] = readdirSync(dir);
  const next = join(dir, name.replace(".1.items", ".2.items"));
  rmSync(join(dir, name));
  symlinkSync("/etc/passwd", join(dir, name));
  mkdirSync(join(next, "full"), { recursive: true });
  const run = new Attempt(storeOf(2));
  expect([...run.track(upTo(3), id)]).toEqual(upTo(3));
  run.keys().end();
  expect(run.notes).toHaveLength(1);
  expect(run.notes[0]).toContain(
    "finished items cannot be stored, so a later attempt may do them again",
  );
  expect(existsSync(join(next, "full"))).toBe(true);
});

it("does all items again where it cannot read which are finished", () => {
  const load = () => {
    throw new Error("EIO: i/o error, read");
  };
  const run = new Attempt({ ...storeOf(1), load });
  expect([...run.track(upTo(3), id)]).toEqual(upTo(3));
  expect(run.notes).toEqual([
    "finished items cannot be read, so they may be done again: EIO: i/o error, read",
  ]);
});

it("refuses more items than it can remember, at once where their number is known", () => {
  const says = "p.track: a stage can have at most 100 items with a key";
  const run = new Attempt(storeOf(1), 100);
  expect(() => [...run.track(upTo(101), id)]).toThrow(says);
  let taken = 0;
  let closed = 0;
  function* source() {
    try {
      yield* upTo(300);
    } finally {
      closed++;
    }
  }
  expect(() => {
    for (const _ of run.track(source(), id)) taken++;
  }).toThrow(says);
  expect([taken, closed]).toEqual([100, 1]);
  run.keys().end();
  const later = new Attempt(storeOf(2), 100);
  expect(() => [...later.track(source(), id, "Other")]).toThrow(says);
});

it.each<[unknown, string]>([
  [undefined, "the key of item 3 is undefined, not a text or a finite number"],
  [Number.NaN, "the key of item 3 is NaN, not a text or a finite number"],
  [3n, "the key of item 3 is 3n, not a text or a finite number; use String(id)"],
  [{ id: 3 }, "the key of item 3 is { id: 3 }, not a text or a finite number"],
  [Promise.resolve("x"), "not a text or a finite number; the function must not be async"],
])("refuses the key %s, and closes the source", async (key, says) => {
  let closed = 0;
  function* source() {
    try {
      yield* upTo(5);
    } finally {
      closed++;
    }
  }
  async function* slow() {
    yield* source();
  }
  const run = new Attempt(null);
  const keyOf = (item: number) => (item === 3 ? (key as string) : item);
  expect(() => [...run.track(source(), keyOf)]).toThrow(says);
  const all = async () => {
    for await (const _ of trackKeyedAsync(slow(), { key: keyOf }, run));
  };
  await expect(all()).rejects.toThrow(says);
  const failing = () => {
    throw new Error("no such column");
  };
  expect(() => [...run.track(source(), failing)]).toThrow("no such column");
  expect(closed).toBe(3);
  expect(() => [...run.track(source(), "id" as never)]).toThrow("key is a function of the item");
});

it("takes a number and its text for the same key", () => {
  expect(done(1, [1, 2.5, -0], id)).toHaveLength(3);
  expect(done(2, ["1", "2.5", "0", "3"], id)).toEqual(["3"]);
});
