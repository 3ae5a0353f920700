/**
 * Whatever happens to shipper, engine and mirror on the way: the mirror ends with the lines of the source, in order, each
 * of them once.
 */
import { existsSync, mkdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Mirror } from "../../../daemon/fleet/runs/mirror.js";
import { Shipper } from "../../../daemon/fleet/runs/shipper.js";
import { eventsFile, logFile } from "../../../daemon/run-files/attempt-files.js";
import { MergedEvents } from "../../../daemon/run-files/merged-events.js";
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
  readonly source = new SourceAttempt(directory(), 128 * 1024);
  readonly runs = directory();
  readonly problems: Error[] = [];
  isFinished = false;
  /** After a crash of the engine, one file may be shipped on before what the crash took of the other one. */
  #isLossy = false;
  shipper = this.#newShipper(true);
  mirror: Mirror;

  /** @param answerBytes - of bodies in an answer of the engine */
  constructor(private readonly answerBytes: number) {
    this.mirror = this.#newMirror(1024 ** 3);
  }

  #newShipper(isNew: boolean): Shipper {
    const shipper = new Shipper({
      store: this.store,
      onFenced: (id) => this.problems.push(new Error(`${id} was fenced`)),
      onProblem: () => {},
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

  /** A reader finds no line without every line before it. */
  expectComplete(): void {
    const merged = new MergedEvents(join(this.runs, ID), 0, true);
    try {
      let last = 0;
      for (let read = merged.read([], 1); read.length > 0; read = merged.read([], 1))
        for (const { seq } of read) expect(seq).toBe(++last);
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
