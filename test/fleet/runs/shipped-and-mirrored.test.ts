/**
 * Whatever happens to shipper, engine and mirror on the way: the mirror ends with the lines of the source, in order, each
 * of them once.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Mirror } from "../../../daemon/fleet/runs/mirror.js";
import { decompress } from "../../../daemon/fleet/runs/pieces.js";
import { Shipper } from "../../../daemon/fleet/runs/shipper.js";
import { eventsFile, logFile } from "../../../daemon/run-files/attempt-files.js";
import { runBytes } from "../../../daemon/run-files/log-parts.js";
import { linesAfter } from "../../../daemon/run-files/log-slices.js";
import { MergedEvents } from "../../../daemon/run-files/merged-events.js";
import { parseRecord } from "../../../protocol/record-line.js";
import { until } from "../../end-to-end/until.js";
import { useDirectories } from "../../harness/temporary.js";
import { MemoryStore } from "./memory-store.js";
import { ID, SourceAttempt, textsIn } from "./source.js";

const directory = useDirectories();

type Step =
  | { type: "events" | "lines"; count: number; length: number }
  | { type: "faults"; faults: Array<"call" | "answer" | null> }
  | { type: "shipped" | "flushed" | "brought" }
  | { type: "shipper restarts"; isClean: boolean }
  | { type: "engine crashes"; lost: number }
  | { type: "mirror restarts"; cut: number }
  | { type: "evicted" };

const count = fc.integer({ min: 1, max: 40 });
const length = fc.integer({ min: 0, max: 400 });
const written = fc.record({ type: fc.constantFrom("events" as const, "lines" as const), count, length });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: written },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("faults" as const),
        faults: fc.array(fc.constantFrom("call" as const, "answer" as const, null), { maxLength: 3 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constantFrom("shipped" as const, "flushed" as const, "brought" as const),
      }),
    },
    fc.record({ type: fc.constant("shipper restarts" as const), isClean: fc.boolean() }),
    fc.record({ type: fc.constant("engine crashes" as const), lost: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ type: fc.constant("mirror restarts" as const), cut: fc.integer({ min: 0, max: 600 }) }),
    fc.record({ type: fc.constant("evicted" as const) }),
  ),
  { minLength: 1, maxLength: 25 },
);

/** A host that runs the attempt, the engine, and a host that mirrors it. */
class Fleet implements AsyncDisposable {
  readonly store = new MemoryStore();
  readonly source: SourceAttempt;
  readonly runs = directory();
  readonly problems: Error[] = [];
  isFinished = false;
  /** Of the next mirror. */
  isMirrorBounded = true;
  /** After a crash of the engine, one file may be shipped on before what the crash took of the other one. */
  #isLossy = false;
  shipper: Shipper;
  mirror: Mirror;

  /**
   * @param answerBytes - of bodies in an answer of the engine
   * @param maxLog - bytes that engine and mirror keep of the log; null: all, and the source keeps 128 KiB
   */
  constructor(
    private readonly answerBytes: number,
    private readonly maxLog: number | null = null,
  ) {
    this.source = new SourceAttempt(directory(), maxLog ?? 128 * 1024);
    this.shipper = this.#newShipper(true);
    this.mirror = this.#newMirror(1024 ** 3);
  }

  #newShipper(isNew: boolean): Shipper {
    const shipper = new Shipper({
      store: this.store,
      onFenced: (id) => this.problems.push(new Error(`${id} was fenced`)),
      onProblem: () => {},
      ...(this.maxLog !== null && { maxLog: this.maxLog }),
    });
    shipper.follow({ id: ID, attempt: 1, dir: this.source.dir, fence: 1, isNew });
    return shipper;
  }

  #newMirror(maxBytes: number): Mirror {
    return new Mirror({
      store: this.store,
      runs: this.runs,
      answerBytes: this.answerBytes,
      maxBytes,
      isFinished: () => this.isFinished,
      onRecords: () => {},
      onProblem: (error) => this.problems.push(error),
      ...(this.maxLog !== null && this.isMirrorBounded && { maxLog: this.maxLog }),
    });
  }

  get mirrored(): string {
    return join(this.runs, ID, "1");
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
        await this.mirror.bring([{ id: ID, attempt: 1 }]);
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
      case "mirror restarts":
        for (const file of [eventsFile(this.mirrored), logFile(this.mirrored)])
          if (existsSync(file)) truncateSync(file, Math.max(0, statSync(file).size - step.cut));
        this.mirror = this.#newMirror(1024 ** 3);
        return;
      case "evicted": {
        const evicting = this.#newMirror(-1);
        this.isFinished = true;
        await evicting.start();
        expect(existsSync(this.mirrored)).toBe(false);
        this.isFinished = false;
      }
    }
  }

  /** A reader finds no line without every line before it, but for those that a bounded log has lost. */
  expectComplete(): void {
    const merged = new MergedEvents(join(this.runs, ID), 0, true);
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
    await this.mirror.stop();
    this.source.sink.close();
  }
}

test("any sequence of writes, rotations, crashes and lost answers", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 500, 1024 ** 2), async (all, answerBytes) => {
      await using fleet = new Fleet(answerBytes);
      for (const step of all) await fleet.apply(step);
      await fleet.apply({ type: "flushed" });
      await fleet.apply({ type: "brought" });
      expect(textsIn(fleet.mirrored)).toEqual(fleet.source.texts);
      expect(fleet.problems).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("of a bounded log, the newest lines are there after any sequence", { timeout: 120_000 }, async () => {
  const maxLog = 8 * 1024;
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 500, 1024 ** 2), async (all, answerBytes) => {
      await using fleet = new Fleet(answerBytes, maxLog);
      for (const step of all) await fleet.apply(step);
      await fleet.apply({ type: "flushed" });
      await fleet.apply({ type: "brought" });
      const [is, must] = [textsIn(fleet.mirrored), fleet.source.texts];
      expect(is.events).toEqual(must.events);
      const numbers = is.log.map((text) => parseRecord<{ n: number }>(text)!.n);
      expect(numbers.findIndex((n, index) => index > 0 && n <= numbers[index - 1]!)).toBe(-1);
      let bytes = 0;
      const newest = must.log.filter((_, index) => {
        const text = must.log.at(-1 - index)!;
        bytes += text.length + 1;
        return bytes <= maxLog;
      }).length;
      expect(is.log.slice(is.log.length - newest)).toEqual(must.log.slice(must.log.length - newest));
      expect(fleet.problems).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("an endless log takes a bounded space in the engine and in the mirror, and readers get a note", async () => {
  const maxLog = 64 * 1024;
  await using fleet = new Fleet(1024 ** 2, maxLog);
  const bytes = async () => {
    const bodies = fleet.store.rows.filter(({ file }) => file === "log").map(({ body }) => decompress(body));
    return (await Promise.all(bodies)).reduce((sum, { length }) => sum + length, 0);
  };
  const pour = async () => {
    for (let round = 0; round < 60; round++) {
      for (let n = 0; n < 20; n++) fleet.source.line(200);
      await fleet.apply({ type: "flushed" });
      // Two parts and an eighth more, and the last piece.
      expect(await bytes()).toBeLessThan(maxLog * 1.5);
    }
  };
  fleet.isMirrorBounded = false;
  await fleet.apply({ type: "mirror restarts", cut: 0 });
  fleet.source.line(10);
  await fleet.apply({ type: "flushed" });
  await fleet.apply({ type: "brought" });
  await pour();
  // The mirror fell behind what the engine holds.
  await fleet.apply({ type: "brought" });
  const { log } = textsIn(fleet.mirrored);
  const note = parseRecord<{ text: string; n: number }>(log[1]!)!;
  expect(note.text).toBe(`lines 2 to ${note.n} were cut: the fleet keeps the newest lines of a long log`);
  expect(parseRecord<{ n: number }>(log[2]!)!.n).toBe(note.n + 1);
  // A mirror that begins now.
  rmSync(fleet.mirrored, { recursive: true });
  fleet.mirror.forget(ID);
  await fleet.apply({ type: "brought" });
  const begun = linesAfter(join(fleet.runs, ID), 0, 10).lines;
  expect(begun[0]!.text).toBe(
    `lines up to ${begun[0]!.n} were cut: the fleet keeps the newest lines of a long log`,
  );
  expect(begun[1]!.n).toBe(begun[0]!.n + 1);
  // One that follows, and is bounded.
  fleet.isMirrorBounded = true;
  await fleet.apply({ type: "mirror restarts", cut: 0 });
  for (let round = 0; round < 60; round++) {
    for (let n = 0; n < 20; n++) fleet.source.line(200);
    await fleet.apply({ type: "flushed" });
    await fleet.apply({ type: "brought" });
    expect(fleet.mirror.bytes).toBe(runBytes(fleet.mirrored));
  }
  expect(fleet.mirror.bytes).toBeLessThan(maxLog * 1.3);
  expect(textsIn(fleet.mirrored).log.slice(-100)).toEqual(fleet.source.texts.log.slice(-100));
  const [first] = linesAfter(join(fleet.runs, ID), 0, 1).lines;
  expect(first!.text).toMatch(/^lines up to \d+ were cut \(0\.\d+ MiB as stored\)/);
  // A crash between the two renames of a new part.
  const { log: whole } = textsIn(fleet.mirrored);
  renameSync(logFile(fleet.mirrored), `${logFile(fleet.mirrored)}.new`);
  await fleet.apply({ type: "mirror restarts", cut: 0 });
  await fleet.apply({ type: "brought" });
  expect(textsIn(fleet.mirrored).log).toEqual(whole);
});

test("parts of the log that were removed before they were shipped leave the note of what was cut", async () => {
  const runs = directory();
  mkdirSync(runs, { recursive: true });
  await using fleet = new Fleet(1024 ** 2);
  fleet.source.line(10);
  await fleet.apply({ type: "flushed" });
  fleet.store.isAway = true;
  // Far more than the log keeps.
  for (let n = 0; n < 400; n++) fleet.source.line(1000);
  const kept = fleet.source.texts.log;
  fleet.store.isAway = false;
  await fleet.apply({ type: "flushed" });
  await fleet.mirror.bring([{ id: ID, attempt: 1 }]);
  const { log } = textsIn(fleet.mirrored);
  expect(log.slice(-kept.length)).toEqual(kept);
  expect(new Set(log).size).toBe(log.length);
});
