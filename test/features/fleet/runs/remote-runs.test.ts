/**
 * What a host reads of the attempts of other hosts: which it asks for, what it drops, and how calls
 * share an answer.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { FleetEngine } from "../../../../daemon/features/fleet/engine/fleet-engine.js";
import { isOfOtherHost } from "../../../../daemon/features/fleet/runs/other-host.js";
import {
  RemoteRuns,
  type RemoteRunsOptions,
} from "../../../../daemon/features/fleet/runs/remote-runs.js";
import { Shipper } from "../../../../daemon/features/fleet/runs/shipper.js";
import { eventsFile, keptValues } from "../../../../daemon/run-files/attempt-files.js";
import { MergedEvents } from "../../../../daemon/run-files/merged-events.js";
import { IrregularFileError } from "../../../../protocol/system/own-file.js";
import { until } from "../../../end-to-end/until.js";
import { placeIn } from "../../../harness/file-writer.js";
import { useDirectories } from "../../../harness/temporary.js";
import { MemoryStore } from "./memory-store.js";
import { ID, NONE, SourceAttempt, textsOf } from "./source.js";

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
        type: "stage:left",
        stage: "Load",
        index: 0,
        state: "done",
        resumed: false,
        seconds: 1,
        value,
      },
      true,
    );
    shipper.follow({ id, attempt, dir: source.dir, events: source.events, fence: 1, isNew: true });
    await shipper.flush(id, attempt);
    source.sink.close();
    seq = source.last.events + 2;
    sources.push(source);
  }
  return sources;
}

function newRemote(store: Pick<FleetEngine, "piecesAfter">, more: Partial<RemoteRunsOptions> = {}) {
  const records: string[] = [];
  const runs = directory();
  const remote = new RemoteRuns({
    store,
    runs,
    isFinished: () => true,
    own: NONE,
    isHere: () => false,
    onRecords: (id, attempt) => records.push(`${id}/${attempt}`),
    onProblem: (error) => {
      throw error;
    },
    ...more,
  });
  return { remote, runs, records };
}

describe("attempts", () => {
  test("an attempt of this host is read from its disk, the others from the engine", async () => {
    const store = new MemoryStore();
    const [, second] = await shipped(store, ID, [3, 4]);
    const dir = join(directory(), "1");
    mkdirSync(dir);
    writeFileSync(eventsFile(dir), "ours\n");
    const { remote, runs, records } = newRemote(store, {
      own: { get: (_, attempt) => (attempt === 1 ? placeIn(dir) : null) },
      isHere: (_, attempt) => attempt === 1,
    });
    mkdirSync(join(runs, ID, "1"), { recursive: true });
    await remote.bring([{ id: ID, attempt: 2 }]);
    const files = remote.of(ID);
    expect(files.attempts()).toEqual([1, 2]);
    expect(textsOf(files, 1)).toEqual({ events: ["ours"], log: [] });
    expect(textsOf(files, 2)).toEqual(second!.texts);
    expect(readdirSync(join(runs, ID))).toEqual(["1"]);
    expect(records).toEqual([`${ID}/2`]);
  });

  test("an attempt that this host runs is its own before its directory is there", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    const { remote } = newRemote(store, { isHere: () => true });
    await remote.bring([{ id: ID, attempt: 1 }]);
    expect(store.reads).toBe(0);
    expect(textsOf(remote.of(ID))).toEqual({ events: [], log: [] });
  });

  test.each(["../../etc", "..", "", "a/b", "A1", "aaa111bbb222c"])(
    "the id %j is no path",
    async (id) => {
      const { remote, runs } = newRemote({
        piecesAfter: async () => {
          throw new Error("asked");
        },
      });
      for (const attempt of [1, 1.5, -1, Number.NaN]) await remote.bring([{ id, attempt }]);
      await remote.bringForRun(id, 2);
      expect(readdirSync(runs)).toEqual([]);
    },
  );

  test("pieces that nobody asked for are not taken", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    const rows = store.rows.map((row) => ({ ...row, id: "bbb111bbb222" }));
    const { remote } = newRemote({ piecesAfter: async () => ({ rows, more: false }) });
    await remote.bring([{ id: ID, attempt: 1 }]);
    expect(remote.bytes).toBe(0);
  });

  test("a link in the place of an attempt is refused", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    const { remote, runs } = newRemote(store);
    mkdirSync(join(runs, ID));
    symlinkSync(directory(), join(runs, ID, "1"));
    await expect(remote.bringForRun(ID, 2)).rejects.toThrow(IrregularFileError);
  });

  test("before an attempt starts here, the values of the earlier ones are on the disk", async () => {
    const store = new MemoryStore();
    const [first] = await shipped(store, ID, [3, 3, 3]);
    const { remote, runs } = newRemote(store);
    for (let n = 0; n < 2; n++) await remote.bringForRun(ID, 3);
    const places = [1, 2].map((attempt) => placeIn(join(runs, ID, String(attempt))));
    expect([...keptValues(places)].map(({ value }) => value)).toEqual([1, 2]);
    expect(readdirSync(join(runs, ID))).toEqual(["1", "2"]);
    expect(isOfOtherHost(join(runs, ID, "1"))).toBe(true);
    // The log, which the start did not need, is read later.
    await remote.bring([{ id: ID, attempt: 1 }]);
    expect(textsOf(remote.of(ID))).toEqual(first!.texts);
  });
});

test.each([1024 ** 2, 20_000])(
  "a reader misses nothing while pieces arrive, in answers of %i bytes",
  async (answerBytes) => {
    const store = new MemoryStore();
    const source = new SourceAttempt(directory(), NO_BOUND);
    const shipper = new Shipper({ store, onFenced: () => {}, onProblem: () => {} });
    shippers.push(shipper);
    shipper.follow({
      id: ID,
      attempt: 1,
      dir: source.dir,
      events: source.events,
      fence: 1,
      isNew: true,
    });
    for (let n = 0; n < 120; n++) {
      for (let each = 0; each < 10; each++) {
        if (n % 3 > 0) source.event();
        // Long when compressed: another thread decompresses it, in other turns.
        if (n % 7 > 0) source.sink.line("stdout", null, randomBytes(600).toString("base64"));
      }
      await shipper.flush(ID, 1);
    }
    source.sink.close();
    const { remote } = newRemote(store, { answerBytes });
    const reader = new MergedEvents(remote.of(ID), 0, true);
    const seqs: number[] = [];
    const read = () => {
      for (let some = reader.read([], 1); some.length > 0; some = reader.read([], 1))
        seqs.push(...some.map(({ seq }) => seq));
    };
    let isBrought = false;
    const brought = remote.bring([{ id: ID, attempt: 1 }]).finally(() => {
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

describe("memory", () => {
  const ids = Array.from({ length: 18 }, (_, n) => `aaa0000000${String(n).padStart(2, "0")}`);

  test("finished operations that were not read for longest are dropped, and read again", async () => {
    const store = new MemoryStore();
    const sources: SourceAttempt[] = [];
    for (const id of ids) sources.push((await shipped(store, id, [5]))[0]!);
    const { remote } = newRemote(store, { maxBytes: 0, isFinished: (id) => id !== ids[0] });
    for (const id of ids) await remote.bring([{ id, attempt: 1 }]);
    // The first still runs, and the last 16 may be read now.
    expect(ids.map((id) => remote.of(id).attempts().length)).toEqual([
      1,
      0,
      ...ids.slice(2).map(() => 1),
    ]);
    await remote.bring([{ id: ids[1]!, attempt: 1 }]);
    expect(textsOf(remote.of(ids[1]!))).toEqual(sources[1]!.texts);
  });
});

describe("calls", () => {
  test("calls for an operation during a call share the next one", async () => {
    const store = new MemoryStore();
    const [source] = await shipped(store, ID, [3]);
    const answers: Array<() => void> = [];
    const { remote } = newRemote(
      {
        piecesAfter: async (wanted, bytes) => {
          await new Promise<void>((resolve) => answers.push(resolve));
          return store.piecesAfter(wanted, bytes);
        },
      },
      { isFinished: () => false },
    );
    const calls = [1, 2, 3].map(() => remote.bring([{ id: ID, attempt: 1 }]));
    await until("the first is asked", () => answers.length === 1);
    answers[0]!();
    await calls[0];
    await until("the second is asked", () => answers.length === 2);
    answers[1]!();
    await Promise.all(calls);
    expect(answers.length).toBe(2);
    expect(textsOf(remote.of(ID))).toEqual(source!.texts);
  });

  test("a call goes on where a look beside it has taken the same lines", async () => {
    const store = new MemoryStore();
    const [source] = await shipped(store, ID, [3]);
    const [taken, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let calls = 0;
    const { remote } = newRemote(
      {
        piecesAfter: async (...asked) => {
          const n = ++calls;
          const answer = await store.piecesAfter(...asked);
          if (n === 1) await taken.promise;
          if (n === 3) {
            taken.resolve();
            await end.promise;
          }
          return answer;
        },
      },
      { answerBytes: 1 },
    );
    const brought = remote.bring([{ id: ID, attempt: 1 }]);
    remote.follow(() => [{ id: ID, attempt: 1 }]);
    await brought;
    expect(textsOf(remote.of(ID))).toEqual(source!.texts);
    end.resolve();
    await remote.stop();
  });

  test("what is complete is not asked for again, and is there while the engine is away", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3, 3]);
    const { remote } = newRemote(store);
    await remote.bring([{ id: ID, attempt: 2 }]);
    store.isAway = true;
    await remote.bring([{ id: ID, attempt: 2 }]);
    await expect(remote.bring([{ id: ID, attempt: 3 }])).rejects.toThrow("away");
  });

  test("of an operation that is removed during a call, nothing is kept", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    const { remote } = newRemote({
      piecesAfter: async (...asked) => {
        remote.forget(ID);
        return store.piecesAfter(...asked);
      },
    });
    await remote.bring([{ id: ID, attempt: 1 }]);
    expect(remote.bytes).toBe(0);
  });

  test("a damaged piece is reported, and what is before it is there", async () => {
    const store = new MemoryStore();
    await shipped(store, ID, [3]);
    store.rows = store.rows.map((row) =>
      row.file === "log" ? { ...row, body: Buffer.from("no zstd") } : row,
    );
    const problems: string[] = [];
    const { remote } = newRemote(store, { onProblem: ({ message }) => problems.push(message) });
    await remote.bring([{ id: ID, attempt: 1 }]);
    expect(problems).toEqual([`the fleet holds a damaged piece: ${ID}, attempt 1, log 1`]);
    expect(textsOf(remote.of(ID)).log).toEqual([]);
    expect(textsOf(remote.of(ID)).events.length).toBe(1);
  });

  test("an attempt that floods its log does not delay the others", async () => {
    const store = new MemoryStore();
    const [flood, calm] = ["aaa000000001", "bbb000000001"] as const;
    await shipped(store, flood, [50]);
    for (let n = 2; n < 40; n++)
      store.rows.push({
        ...store.rows.find(({ file }) => file === "log")!,
        first: n * 100,
        last: n * 100,
      });
    await shipped(store, calm, [1]);
    // The flood's pieces are copies of one, so they are damaged.
    const { remote, records } = newRemote(store, { answerBytes: 1, onProblem: () => {} });
    remote.follow(() => [flood, calm].map((id) => ({ id, attempt: 1 })));
    await until("the calm one is read", () => records.includes(`${calm}/1`));
    expect(records.indexOf(`${calm}/1`)).toBeLessThan(3);
    await remote.stop();
  });
});
