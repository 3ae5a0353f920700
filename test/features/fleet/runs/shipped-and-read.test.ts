/**
 * Whatever happens to shipper, engine and reader on the way: another host reads the lines of the
 * source, in order, each of them once.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decompress } from "../../../../daemon/features/fleet/runs/pieces.js";
import { RemoteRuns } from "../../../../daemon/features/fleet/runs/remote-runs.js";
import { Shipper } from "../../../../daemon/features/fleet/runs/shipper.js";
import { linesAfter } from "../../../../daemon/run-files/log-slices.js";
import type { LogRecord } from "../../../../daemon/run-files/log-tail.js";
import { MergedEvents } from "../../../../daemon/run-files/merged-events.js";
import { parseRecord } from "../../../../protocol/record-line.js";
import { until } from "../../../end-to-end/until.js";
import { cases } from "../../../faults/mode.js";
import { useDirectories } from "../../../harness/temporary.js";
import { MemoryStore } from "./memory-store.js";
import { ID, NONE, SourceAttempt, textsOf } from "./source.js";

const directory = useDirectories();

type Step =
  | { type: "events" | "lines"; count: number; length: number }
  | { type: "faults"; faults: Array<"call" | "answer" | null> }
  | { type: "shipped" | "flushed" | "brought" }
  | { type: "shipper restarts"; isClean: boolean }
  | { type: "engine crashes"; lost: number }
  | { type: "reader restarts" };

const count = fc.integer({ min: 1, max: 40 });
const length = fc.integer({ min: 0, max: 400 });
const written = fc.record({
  type: fc.constantFrom("events" as const, "lines" as const),
  count,
  length,
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: written },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("faults" as const),
        faults: fc.array(fc.constantFrom("call" as const, "answer" as const, null), {
          maxLength: 3,
        }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constantFrom("shipped" as const, "flushed" as const, "brought" as const),
      }),
    },
    fc.record({ type: fc.constant("shipper restarts" as const), isClean: fc.boolean() }),
    fc.record({
      type: fc.constant("engine crashes" as const),
      lost: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ type: fc.constant("reader restarts" as const) }),
  ),
  { minLength: 1, maxLength: 25 },
);

/** A host that runs the attempt, the engine, and a host that reads it. */
class Fleet implements AsyncDisposable {
  readonly store = new MemoryStore();
  readonly source: SourceAttempt;
  readonly problems: Error[] = [];
  /**
   * After a crash of the engine, one file may be shipped on before what the crash took of the other
   * one.
   */
  #isLossy = false;
  shipper: Shipper;
  remote: RemoteRuns;

  /**
   * @param answerBytes - of bodies in an answer of the engine
   * @param maxLog - bytes that engine and reader keep of the log; null: all, and the source keeps
   *   128 KiB
   */
  constructor(
    private readonly answerBytes: number,
    private readonly maxLog: number | null = null,
  ) {
    this.source = new SourceAttempt(directory(), maxLog ?? 128 * 1024);
    this.shipper = this.#newShipper(true);
    this.remote = this.#newRemote();
  }

  #newShipper(isNew: boolean): Shipper {
    const shipper = new Shipper({
      store: this.store,
      onFenced: (id) => this.problems.push(new Error(`${id} was fenced`)),
      onProblem: () => {},
      ...(this.maxLog !== null && { maxLog: this.maxLog }),
    });
    shipper.follow({
      id: ID,
      attempt: 1,
      dir: this.source.dir,
      events: this.source.events,
      fence: 1,
      isNew,
    });
    return shipper;
  }

  #newRemote(): RemoteRuns {
    return new RemoteRuns({
      store: this.store,
      runs: directory(),
      answerBytes: this.answerBytes,
      isFinished: () => false,
      own: NONE,
      isHere: () => false,
      onRecords: () => {},
      onProblem: (error) => this.problems.push(error),
      ...(this.maxLog !== null && { maxLog: this.maxLog }),
    });
  }

  get texts() {
    return textsOf(this.remote.of(ID));
  }

  async apply(step: Step): Promise<void> {
    const { source, store } = this;
    switch (step.type) {
      case "events":
        for (let n = 0; n < step.count; n++) source.event();
        return;
      case "lines":
        for (let n = 0; n < step.count; n++) source.line(step.length);
        return;
      case "faults":
        store.faults.push(...step.faults);
        return;
      case "shipped":
        // Of a file without news, the engine is asked later whether a crash took something.
        source.event();
        source.line(10);
        this.shipper.hint(ID);
        await until("the pieces are there", async () => {
          const [is, must] = [await store.shippedTo(ID, 1), source.last];
          return is.events === must.events && is.log === must.log;
        });
        return;
      case "flushed":
        await this.shipper.flush(ID, 1);
        this.#isLossy = false;
        return;
      case "brought":
        await this.remote.bring([{ id: ID, attempt: 1 }]);
        if (!this.#isLossy) this.expectComplete();
        return;
      case "shipper restarts":
        if (step.isClean) await this.shipper.stop();
        else void this.shipper.stop();
        this.shipper = this.#newShipper(false);
        return;
      case "engine crashes":
        store.lose(step.lost);
        this.#isLossy = true;
        return;
      case "reader restarts":
        this.remote = this.#newRemote();
    }
  }

  /**
   * A reader finds no line without every line before it, but for those that a bounded log has lost.
   */
  expectComplete(): void {
    const merged = new MergedEvents(this.remote.of(ID), 0, true);
    try {
      let last = 0;
      for (let read = merged.read([], 1); read.length > 0; read = merged.read([], 1))
        for (const { seq } of read) {
          if (this.maxLog === null) expect(seq).toBe(last + 1);
          else expect(seq).toBeGreaterThan(last);
          last = seq;
        }
    } finally {
      merged.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shipper.stop();
    await this.remote.stop();
    this.source.sink.close();
  }
}

test("any sequence of writes, rotations, crashes and lost answers", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 500, 1024 ** 2), async (all, answerBytes) => {
      await using fleet = new Fleet(answerBytes);
      for (const step of all) await fleet.apply(step);
      await fleet.apply({ type: "flushed" });
      await fleet.apply({ type: "brought" });
      expect(fleet.texts).toEqual(fleet.source.texts);
      expect(fleet.problems).toEqual([]);
    }),
    { numRuns: cases(20, 60) },
  );
});

test("of a bounded log, the newest lines are there after any sequence", {
  timeout: 120_000,
}, async () => {
  const maxLog = 8 * 1024;
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 500, 1024 ** 2), async (all, answerBytes) => {
      await using fleet = new Fleet(answerBytes, maxLog);
      for (const step of all) await fleet.apply(step);
      await fleet.apply({ type: "flushed" });
      await fleet.apply({ type: "brought" });
      const [is, must] = [fleet.texts, fleet.source.texts];
      expect(is.events).toEqual(must.events);
      const numbers = is.log.map((text) => parseRecord<{ n: number }>(text)!.n);
      expect(numbers.findIndex((n, index) => index > 0 && n <= numbers[index - 1]!)).toBe(-1);
      let bytes = 0;
      const newest = must.log.filter((_, index) => {
        const text = must.log.at(-1 - index)!;
        bytes += text.length + 1;
        return bytes <= maxLog;
      }).length;
      expect(is.log.slice(is.log.length - newest)).toEqual(
        must.log.slice(must.log.length - newest),
      );
      expect(fleet.problems).toEqual([]);
    }),
    { numRuns: cases(20, 60) },
  );
});

test("an endless log takes a bounded space in the engine and at a reader, and readers get a note", async () => {
  const maxLog = 64 * 1024;
  await using fleet = new Fleet(1024 ** 2, maxLog);
  const bytes = async () => {
    const bodies = fleet.store.rows
      .filter(({ file }) => file === "log")
      .map(({ body }) => decompress(body));
    return (await Promise.all(bodies)).reduce((sum, { length }) => sum + length, 0);
  };
  const pour = async (each: () => Promise<void>) => {
    for (let round = 0; round < 60; round++) {
      for (let n = 0; n < 20; n++) fleet.source.line(200);
      await fleet.apply({ type: "flushed" });
      // Two parts and an eighth more, and the last piece.
      expect(await bytes()).toBeLessThan(maxLog * 1.5);
      await each();
    }
  };
  fleet.source.line(10);
  await fleet.apply({ type: "flushed" });
  await fleet.apply({ type: "brought" });
  // Opened now, and read when the engine has cut what follows the first line.
  const lines: string[] = [];
  const reader = fleet.remote.of(ID).log(1, () => false);
  reader.read((line) => lines.push(line));
  await pour(async () => {});
  await fleet.apply({ type: "brought" });
  reader.read((line) => lines.push(line));
  const note = parseRecord<LogRecord>(lines[1]!)!;
  expect(note.lines[0]).toBe(
    `lines 2 to ${note.n} were cut: the fleet keeps the newest lines of a long log`,
  );
  expect(parseRecord<{ n: number }>(lines[2]!)!.n).toBe(note.n + 1);
  const held = () => linesAfter(fleet.remote.of(ID), 0, 1_000_000).lines;
  const expectNoteFirst = ([first, second] = held()) => {
    expect(first!.text).toBe(
      `lines up to ${first!.n} were cut: the fleet keeps the newest lines of a long log`,
    );
    expect(second!.n).toBe(first!.n + 1);
  };
  // A host that begins now, and follows.
  await fleet.apply({ type: "reader restarts" });
  await fleet.apply({ type: "brought" });
  expectNoteFirst();
  await pour(() => fleet.apply({ type: "brought" }));
  expectNoteFirst();
  expect(held().reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(maxLog * 1.3);
  expect(fleet.texts.log.slice(-100)).toEqual(fleet.source.texts.log.slice(-100));
});

test("parts of the log that were removed before they were shipped leave the note of what was cut", async () => {
  await using fleet = new Fleet(1024 ** 2);
  fleet.source.line(10);
  await fleet.apply({ type: "flushed" });
  fleet.store.isAway = true;
  // Far more than the log keeps.
  for (let n = 0; n < 400; n++) fleet.source.line(1000);
  const kept = fleet.source.texts.log;
  fleet.store.isAway = false;
  await fleet.apply({ type: "flushed" });
  await fleet.remote.bring([{ id: ID, attempt: 1 }]);
  const { log } = fleet.texts;
  expect(log.slice(-kept.length)).toEqual(kept);
  expect(new Set(log).size).toBe(log.length);
});
