/** The mirror: which directories it touches, what it removes, and how calls share an answer. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Mirror, type MirrorOptions } from "../../../daemon/fleet/runs/mirror.js";
import type { PieceStore } from "../../../daemon/fleet/runs/pieces.js";
import { Shipper } from "../../../daemon/fleet/runs/shipper.js";
import { eventsFile, keptValues, logFile, mirroredMark } from "../../../daemon/run-files/attempt-files.js";
import { attemptsIn } from "../../../daemon/run-files/log-slices.js";
import { MergedEvents } from "../../../daemon/run-files/merged-events.js";
import { IrregularFileError } from "../../../protocol/system/own-file.js";
import { until } from "../../end-to-end/until.js";
import { useDirectories } from "../../harness/temporary.js";
import { MemoryStore } from "./memory-store.js";
import { ID, SourceAttempt, textsIn } from "./source.js";

const directory = useDirectories();
const shippers: Shipper[] = [];
afterEach(() => Promise.all(shippers.splice(0).map((each) => each.stop())));

const NO_BOUND = Number.POSITIVE_INFINITY;

/** Writes and ships attempts of the operation with as many lines each. */
async function shipped(store: MemoryStore, id: string, lines: number[]): Promise<SourceAttempt[]> {
  const runs = directory();
  const shipper = new Shipper({ store, onFenced: () => {}, onProblem: () => {} });
  shippers.push(shipper);
  const sources: SourceAttempt[] = [];
  let seq = 0;
  for (const [index, count] of lines.entries()) {
    const attempt = index + 1;
    const source = new SourceAttempt(runs, NO_BOUND, id, attempt, seq);
    for (let n = 0; n < count; n++) source.line(100);
    const value = { occurrence: 1, params: "hash", value: attempt };
    source.sink.event(
      {
        ...{ type: "stage:left", stage: "Load", index: 0, state: "done", resumed: false, seconds: 1 },
        value,
      },
      true,
    );
    shipper.follow({ id, attempt, dir: source.dir, fence: 1, isNew: true });
    await shipper.flush(id, attempt);
    source.sink.close();
    seq = source.last.events + 2;
    sources.push(source);
  }
  return sources;
}

function newMirror(store: Pick<PieceStore, "piecesAfter">, more: Partial<MirrorOptions> = {}) {
  const records: string[] = [];
  const runs = more.runs ?? directory();
  const mirror = new Mirror({
    store,
    runs,
    maxBytes: 1024 ** 3,
    isFinished: () => true,
    onRecords: (id, attempt) => records.push(`${id}/${attempt}`),
    onProblem: (error) => {
      throw error;
    },
    ...more,
  });
  return { mirror, runs, records };
}

describe("directories", () => {
  test("an attempt of this host is never touched; the others are brought", async () => {
    const store = new MemoryStore();
    const [, second] = await shipped(store, ID, [3, 4]);
    const { mirror, runs, records } = newMirror(store);
    const own = join(runs, ID, "1");
    mkdirSync(own, { recursive: true });
    writeFileSync(eventsFile(own), "ours\n");
    await mirror.bring([{ id: ID, attempt: 2 }]);
    expect(textsIn(own)).toEqual({ events: ["ours"], log: [] });
    expect(readdirSync(own)).toEqual(["events.ndjson"]);
    expect(textsIn(join(runs, ID, "2"))).toEqual(second!.texts);
    expect([mirror.isMirrored(ID, 1), mirror.isMirrored(ID, 2)]).toEqual([false, true]);
    expect(records).toEqual([`${ID}/2`]);
  });

  test("where nothing was shipped, nothing is made: the attempt may become one of this host", async () => {
    const { mirror, runs } = newMirror(new MemoryStore());
    await mirror.bring([{ id: ID, attempt: 1 }]);
    expect(readdirSync(runs)).toEqual([]);
  });

  test.each(["../../etc", "..", "", "a/b", "A1", "aaa111bbb222c"])("the id %j is no path", async (id) => {
    const { mirror, runs } = newMirror({
      piecesAfter: async () => {
        throw new Error("asked");
      },
    });
    for (const attempt of [1, 1.5, -1, Number.NaN]) await mirror.bring([{ id, attempt }]);
    expect(mirror.takeAside(id, 1)).toBeNull();
    expect(readdirSync(runs)).toEqual([]);
  });

  test("pieces that nobody asked for are not written", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    const rows = store.rows.map((row) => ({ ...row, id: "../aaa", attempt: 7 }));
    const { mirror, runs } = newMirror({ piecesAfter: async () => ({ rows, more: false }) });
    await mirror.bring([{ id: ID, attempt: 1 }]);
    expect(readdirSync(runs)).toEqual([]);
  });

  test("a link in the place of an attempt is refused", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    const { mirror, runs } = newMirror(store);
    const elsewhere = directory();
    mkdirSync(join(runs, ID));
    symlinkSync(elsewhere, join(runs, ID, "1"));
    await expect(mirror.bring([{ id: ID, attempt: 1 }])).rejects.toThrow(IrregularFileError);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test("a fenced attempt is renamed, and what the engine has of it is brought", async () => {
    const store = new MemoryStore();
    const [source] = await shipped(store, ID, [3]);
    const { mirror, runs } = newMirror(store);
    for (const n of [1, 2]) {
      const own = join(runs, ID, "1");
      mkdirSync(own, { recursive: true });
      writeFileSync(eventsFile(own), "ours\n");
      expect(mirror.takeAside(ID, 1)).toBe(`${own}.fenced-${n}`);
    }
    expect(attemptsIn(join(runs, ID))).toEqual([]);
    await mirror.bring([{ id: ID, attempt: 1 }]);
    expect(textsIn(join(runs, ID, "1"))).toEqual(source!.texts);
    // What is mirrored is not taken aside.
    expect(mirror.takeAside(ID, 1)).toBeNull();
  });

  test("before an attempt starts here, the values of the earlier ones are here and its place is free", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3, 3, 3]);
    const { mirror, runs } = newMirror(store);
    await mirror.bring([{ id: ID, attempt: 3 }]);
    expect(mirror.isMirrored(ID, 3)).toBe(true);
    await mirror.bringForRun(ID, 3);
    expect(existsSync(join(runs, ID, "3"))).toBe(false);
    expect([...keptValues(join(runs, ID), 3)].map(({ value }) => value)).toEqual([1, 2]);
  });

  test("the log that a start did not need is brought later", async () => {
    const store = new MemoryStore();
    const [first] = await shipped(store, ID, [3, 1]);
    const { mirror, runs } = newMirror(store);
    await mirror.bringForRun(ID, 2);
    const dir = join(runs, ID, "1");
    expect(existsSync(logFile(dir))).toBe(false);
    await mirror.bring([{ id: ID, attempt: 1 }]);
    expect(textsIn(dir)).toEqual(first!.texts);
  });
});

test.each([1024 ** 2, 20_000])(
  "a reader misses nothing while pieces arrive, in answers of %i bytes",
  async (answerBytes) => {
    const store = new MemoryStore();
    const source = new SourceAttempt(directory(), NO_BOUND);
    const shipper = new Shipper({ store, onFenced: () => {}, onProblem: () => {} });
    shippers.push(shipper);
    shipper.follow({ id: ID, attempt: 1, dir: source.dir, fence: 1, isNew: true });
    for (let n = 0; n < 120; n++) {
      for (let each = 0; each < 10; each++) {
        if (n % 3 > 0) source.event();
        // Long when compressed: another thread decompresses it, in other turns.
        if (n % 7 > 0) source.sink.line("stdout", null, randomBytes(600).toString("base64"));
      }
      await shipper.flush(ID, 1);
    }
    source.sink.close();
    const { mirror, runs } = newMirror(store, { answerBytes });
    const reader = new MergedEvents(join(runs, ID), 0, true);
    const seqs: number[] = [];
    const read = () => {
      for (let some = reader.read([], 1); some.length > 0; some = reader.read([], 1))
        seqs.push(...some.map(({ seq }) => seq));
    };
    let isBrought = false;
    const brought = mirror.bring([{ id: ID, attempt: 1 }]).finally(() => {
      isBrought = true;
    });
    while (!isBrought) {
      read();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await brought;
    read();
    reader.close();
    expect(seqs.findIndex((seq, index) => seq !== index + 1)).toBe(-1);
    expect(seqs.length).toBe(source.texts.events.length + source.texts.log.length);
  },
);

describe("space", () => {
  const ids = ["aaa000000001", "aaa000000002", "aaa000000003"] as const;

  test("those not used for longest are removed, and brought again", async () => {
    const store = new MemoryStore();
    const sources = await Promise.all(ids.map(async (id) => (await shipped(store, id, [20]))[0]!));
    const first = newMirror(store);
    for (const id of ids) await first.mirror.bring([{ id, attempt: 1 }]);
    const size = first.mirror.bytes / 3;
    const dir = (id: string) => join(first.runs, id, "1");
    // The next daemon knows the last uses from the markers.
    for (const [index, id] of ids.entries()) utimesSync(mirroredMark(dir(id)), 1000 + index, 1000 + index);
    const { mirror } = newMirror(store, { runs: first.runs, maxBytes: size * 2.5 });
    await mirror.start();
    expect(ids.map((id) => existsSync(dir(id)))).toEqual([false, true, true]);
    await mirror.bring([{ id: ids[1], attempt: 1 }]);
    await mirror.bring([{ id: ids[0], attempt: 1 }]);
    expect(ids.map((id) => existsSync(dir(id)))).toEqual([true, true, false]);
    expect(textsIn(dir(ids[0]))).toEqual(sources[0]!.texts);
    expect(Math.round(mirror.bytes / size)).toBe(2);
  });

  test("running operations stay", async () => {
    const store = new MemoryStore();
    for (const id of ids) await shipped(store, id, [5]);
    const { mirror, runs } = newMirror(store, { maxBytes: 0, isFinished: (id) => id === ids[2] });
    for (const id of ids) await mirror.bring([{ id, attempt: 1 }]);
    expect(ids.map((id) => existsSync(join(runs, id, "1")))).toEqual([true, true, false]);
  });

  test("what a crash left half made or half removed is cleared away", async () => {
    const { mirror, runs } = newMirror(new MemoryStore());
    for (const name of ["1.mirror", "1.evicted", "2", "3.fenced-1", "values"])
      mkdirSync(join(runs, ID, name), { recursive: true });
    await mirror.start();
    expect(readdirSync(join(runs, ID)).sort()).toEqual(["2", "3.fenced-1", "values"]);
  });
});

describe("calls", () => {
  test("calls for an operation during a call share the next one", async () => {
    const store = new MemoryStore();
    const [source] = await shipped(store, ID, [3]);
    const answers: Array<() => void> = [];
    const { mirror, runs } = newMirror(
      {
        piecesAfter: async (wanted, bytes) => {
          await new Promise<void>((resolve) => answers.push(resolve));
          return store.piecesAfter(wanted, bytes);
        },
      },
      { isFinished: () => false },
    );
    const calls = [1, 2, 3].map(() => mirror.bring([{ id: ID, attempt: 1 }]));
    await until("the first is asked", () => answers.length === 1);
    answers[0]!();
    await calls[0];
    await until("the second is asked", () => answers.length === 2);
    answers[1]!();
    await Promise.all(calls);
    expect(answers.length).toBe(2);
    expect(textsIn(join(runs, ID, "1"))).toEqual(source!.texts);
  });

  test("what is complete is not asked for again, and is there while the engine is away", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3, 3]);
    const { mirror } = newMirror(store);
    await mirror.bring([{ id: ID, attempt: 2 }]);
    store.isAway = true;
    await mirror.bring([{ id: ID, attempt: 2 }]);
    await expect(mirror.bring([{ id: ID, attempt: 3 }])).rejects.toThrow("away");
  });

  test("the directory of an operation that is removed during a call is not made again", async () => {
    const store = new MemoryStore();
    const [source] = await shipped(store, ID, [3]);
    let whileAsked = () => {};
    const slow: Pick<PieceStore, "piecesAfter"> = {
      piecesAfter: async (...asked) => {
        const answer = await store.piecesAfter(...asked);
        whileAsked();
        return answer;
      },
    };
    const { mirror, runs } = newMirror(slow, { isFinished: () => false });
    const { rows } = store;
    store.rows = rows.slice(0, 1);
    await mirror.bring([{ id: ID, attempt: 1 }]);
    store.rows = rows;
    whileAsked = () => {
      rmSync(join(runs, ID), { recursive: true });
      mirror.forget(ID);
    };
    await mirror.bring([{ id: ID, attempt: 1 }]);
    expect(readdirSync(runs)).toEqual([]);
    expect(mirror.bytes).toBe(0);
    whileAsked = () => {};
    await mirror.bring([{ id: ID, attempt: 1 }]);
    expect(textsIn(join(runs, ID, "1"))).toEqual(source!.texts);
  });

  test("a damaged piece is reported, and what is before it is there", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    store.rows = store.rows.map((row) =>
      row.file === "log" ? { ...row, body: Buffer.from("no zstd") } : row,
    );
    const problems: string[] = [];
    const { mirror, runs } = newMirror(store, { onProblem: ({ message }) => problems.push(message) });
    await mirror.bring([{ id: ID, attempt: 1 }]);
    expect(problems).toEqual([`the fleet holds a damaged piece: ${ID}, attempt 1, log 1`]);
    expect(textsIn(join(runs, ID, "1")).log).toEqual([]);
    expect(textsIn(join(runs, ID, "1")).events.length).toBe(1);
  });

  test("an attempt that floods its log does not delay the others", async () => {
    const store = new MemoryStore();
    const [flood, calm] = ["aaa000000001", "bbb000000001"] as const;
    await shipped(store, flood, [50]);
    for (let n = 2; n < 40; n++)
      store.rows.push({ ...store.rows.find(({ file }) => file === "log")!, first: n * 100, last: n * 100 });
    await shipped(store, calm, [1]);
    // The flood's pieces are copies of one, so they are damaged.
    const { mirror, records } = newMirror(store, { answerBytes: 1, onProblem: () => {} });
    mirror.follow(() => [flood, calm].map((id) => ({ id, attempt: 1 })));
    await until("the calm one is mirrored", () => records.includes(`${calm}/1`));
    expect(records.indexOf(`${calm}/1`)).toBeLessThan(3);
    await mirror.stop();
  });
});
