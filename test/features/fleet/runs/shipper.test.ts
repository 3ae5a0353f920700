/** The shipper's calls: none without news, one at a time, all attempts in one. */
import { afterEach, expect, test } from "vitest";
import type { FencedPiece, Shipped } from "../../../../daemon/features/fleet/engine/rows.js";
import { Shipper } from "../../../../daemon/features/fleet/runs/shipper.js";
import { until } from "../../../end-to-end/until.js";
import { useDirectories } from "../../../harness/temporary.js";
import { MemoryStore } from "./memory-store.js";
import { SourceAttempt } from "./source.js";

const directory = useDirectories();
const shippers: Shipper[] = [];
afterEach(() => Promise.all(shippers.splice(0).map((each) => each.stop())));

const NO_BOUND = Number.POSITIVE_INFINITY;
const IDS = ["aaa000000001", "aaa000000002"] as const;

class SlowStore extends MemoryStore {
  running = 0;
  most = 0;
  readonly calls: FencedPiece[][] = [];

  override async ship(pieces: readonly FencedPiece[], isDurable: boolean): Promise<Shipped> {
    this.calls.push([...pieces]);
    this.most = Math.max(this.most, ++this.running);
    await new Promise((resolve) => setImmediate(resolve));
    this.running--;
    return super.ship(pieces, isDurable);
  }
}

function setUp() {
  const store = new SlowStore();
  const problems: string[] = [];
  const fenced: string[] = [];
  const shipper = new Shipper({
    store,
    onFenced: (id, attempt) => fenced.push(`${id}/${attempt}`),
    onProblem: ({ message }) => problems.push(message),
  });
  shippers.push(shipper);
  const sources = IDS.map((id) => new SourceAttempt(directory(), NO_BOUND, id));
  for (const { id, attempt, dir, events } of sources)
    shipper.follow({ id, attempt, dir, events, fence: 1, isNew: true });
  return { store, shipper, sources, problems, fenced };
}

test("what is new of all attempts is one call, and nothing new is none", async () => {
  const { store, shipper, sources } = setUp();
  for (const source of sources) source.line(10);
  // Until then one of them may be too young for a call.
  await until("both are shipped", () => store.rows.length === 2);
  store.calls.length = 0;
  for (const source of sources) source.line(10);
  for (const id of IDS) shipper.hint(id);
  await until("both are shipped again", () => store.rows.length === 4);
  for (const id of IDS) shipper.hint(id);
  sources[0]!.line(10);
  await until("the line is shipped", () => store.rows.length === 5);
  expect(store.calls.map((pieces) => pieces.map(({ id }) => id))).toEqual([[...IDS], [IDS[0]]]);
});

test("a long log goes in pieces of at most 256 KiB, one call at a time", async () => {
  const { store, shipper, sources } = setUp();
  const [source] = sources;
  for (let n = 0; n < 300; n++) source!.line(10_000);
  await shipper.flush(IDS[0], 1);
  expect(store.most).toBe(1);
  const { log } = await store.shippedTo(IDS[0], 1);
  expect(log).toBe(source!.last.log);
  expect(store.rows.length).toBeGreaterThan(3_000_000 / (256 * 1024));
});

test("flushes of several attempts share a call", async () => {
  const { store, shipper, sources } = setUp();
  for (const source of sources) source.line(10);
  await Promise.all(IDS.map((id) => shipper.flush(id, 1)));
  expect(store.calls.length).toBe(1);
  // Nothing is new: both ask whether everything is there.
  await Promise.all(IDS.map((id) => shipper.flush(id, 1)));
  expect(store.calls.at(-1)!.every(({ first, last }) => last === first - 1)).toBe(true);
  expect(store.rows.length).toBe(2);
});

test("while the engine is away, flushes wait and the problem is told once", async () => {
  const { store, shipper, sources, problems } = setUp();
  store.isAway = true;
  sources[0]!.line(10);
  let isFlushed = false;
  const flushed = shipper.flush(IDS[0], 1).then(() => {
    isFlushed = true;
  });
  await until("it was tried three times", () => store.calls.length >= 3);
  expect(isFlushed).toBe(false);
  expect(problems).toEqual(["the call was lost"]);
  store.isAway = false;
  await flushed;
  expect(store.rows.length).toBe(1);
});

test("a fenced attempt is not followed any more, the other one is", async () => {
  const { store, shipper, sources, fenced } = setUp();
  store.fenced.add(IDS[0]);
  for (const source of sources) source.line(10);
  await Promise.all(IDS.map((id) => shipper.flush(id, 1)));
  expect(fenced).toEqual([`${IDS[0]}/1`]);
  for (const source of sources) source.line(10);
  await Promise.all(IDS.map((id) => shipper.flush(id, 1)));
  expect(new Set(store.rows.map(({ id }) => id))).toEqual(new Set([IDS[1]]));
});

test("a stop rejects the flushes that wait", async () => {
  const { store, shipper, sources } = setUp();
  store.isAway = true;
  sources[0]!.line(10);
  const flushed = shipper.flush(IDS[0], 1);
  const refused = expect(flushed).rejects.toThrow("the shipper is stopped");
  await until("it was tried", () => store.calls.length > 0);
  await shipper.stop();
  await refused;
});

/** The numbers of the first and the last lines of pieces. */
const numbers = (pieces: readonly FencedPiece[]) =>
  pieces.map(({ file, first, last }) => [file, first, last]);

test("what is left of an ended attempt is kept for its end, and no call ships it", async () => {
  const { store, shipper, sources } = setUp();
  const [source, other] = sources;
  source!.line(10);
  shipper.hint(IDS[0]);
  await until("the line is shipped", () => store.rows.length === 1);
  source!.event();
  source!.line(10);
  await shipper.end(IDS[0], 1);
  const last = [
    ["events", 1, source!.last.events],
    ["log", 2, source!.last.log],
  ];
  expect(numbers(shipper.lastPieces(IDS[0]))).toEqual(last);
  shipper.hint(IDS[0]);
  other!.line(10);
  await shipper.flush(IDS[1], 1);
  expect(store.rows.map(({ id }) => id)).toEqual([...IDS]);
  // The end is tried again.
  await shipper.end(IDS[0], 1);
  expect(numbers(shipper.lastPieces(IDS[0]))).toEqual(last);
  shipper.release(IDS[0], 1);
  expect(shipper.lastPieces(IDS[0])).toEqual([]);
});

test("without new lines, the end asks whether the engine has all of each file", async () => {
  const { store, shipper, sources } = setUp();
  sources[0]!.line(10);
  shipper.hint(IDS[0]);
  await until("the line is shipped", () => store.rows.length === 1);
  await shipper.end(IDS[0], 1);
  expect(numbers(shipper.lastPieces(IDS[0]))).toEqual([["log", 2, 1]]);
});

test("more than 16 KiB are shipped before the end", async () => {
  const { store, shipper, sources } = setUp();
  const [source] = sources;
  for (let n = 0; n < 30; n++) source!.line(1000);
  await shipper.end(IDS[0], 1);
  expect(shipper.lastPieces(IDS[0])).toEqual([]);
  expect((await store.shippedTo(IDS[0], 1)).log).toBe(source!.last.log);
});

test("an attempt whose lines are on their way is shipped to its end", async () => {
  const { store, shipper, sources } = setUp();
  const [source] = sources;
  store.faults = ["call", "call"];
  source!.line(10);
  shipper.hint(IDS[0]);
  await until("a call is under way", () => store.calls.length > 0);
  source!.line(10);
  await shipper.end(IDS[0], 1);
  expect(shipper.lastPieces(IDS[0])).toEqual([]);
  expect((await store.shippedTo(IDS[0], 1)).log).toBe(source!.last.log);
});

test("where the engine refuses the last lines, they are shipped after what it has", async () => {
  const { store, shipper, sources, fenced } = setUp();
  const [source] = sources;
  source!.line(10);
  shipper.hint(IDS[0]);
  await until("the line is shipped", () => store.rows.length === 1);
  source!.line(10);
  await shipper.end(IDS[0], 1);
  store.lose(1);
  shipper.refused(IDS[0], false);
  await shipper.end(IDS[0], 1);
  expect((await store.shippedTo(IDS[0], 1)).log).toBe(source!.last.log);
  expect(shipper.lastPieces(IDS[0])).toEqual([]);
  shipper.refused(IDS[0], true);
  expect(fenced).toEqual([`${IDS[0]}/1`]);
});
