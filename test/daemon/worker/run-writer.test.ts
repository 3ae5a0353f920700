/** The worker's sink: complete lines, one `seq` counter, a full disk, a bounded log. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventsFile, logFile, olderLogFiles } from "../../../daemon/run-files/attempt-files.js";
import { pageAfter, pageBefore } from "../../../daemon/run-files/log-pages.js";
import { linesAfter, slicesAfter } from "../../../daemon/run-files/log-slices.js";
import {
  type LogHead,
  type LogRecord,
  LogTail,
  linesOf,
} from "../../../daemon/run-files/log-tail.js";
import { localFiles } from "../../../daemon/run-files/runs.js";
import type { WorkerEvent } from "../../../protocol/event.js";
import type { LogLine } from "../../../protocol/operation.js";
import { parseRecord } from "../../../protocol/record-line.js";
import { reduceEvent } from "../../../protocol/reduce.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { FileWriter } from "../../harness/file-writer.js";
import { Story } from "../../harness/records.js";
import { systemError } from "../../harness/system-error.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();

const NO_BOUND = Number.POSITIVE_INFINITY;

function newSink(maxLog = NO_BOUND): { dir: string; runDir: string; sink: FileWriter } {
  const runDir = directory();
  const dir = join(runDir, "1");
  return { dir, runDir, sink: new FileWriter(dir, 0, 0, maxLog) };
}

function stored<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const parsed = parseRecord<T>(line);
      if (parsed === null) throw new Error(`damaged: ${line}`);
      return parsed;
    });
}

const eventsIn = (dir: string) => stored<WorkerEvent>(eventsFile(dir));
const logFiles = (dir: string) => [...olderLogFiles(dir), logFile(dir)];
/** The stored lines, and the head of the first part. */
const linesIn = (dir: string): LogLine[] =>
  logFiles(dir)
    .flatMap((file) => stored<LogRecord>(file))
    .filter(({ cut }, index) => index === 0 || cut === undefined)
    .flatMap(linesOf);
const progress = (percent: number) =>
  ({ type: "progress:changed", percent, progress: null }) as const;
const from1To = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

describe("lines", () => {
  test("a text of several lines is several, a long one is cut in pieces, nothing is lost", () => {
    const { dir, sink } = newSink();
    sink.line("stdout", "Load", "one\r\ntwo\n\nfour");
    const long = "abcdefgh".repeat(20_000);
    sink.line("log", null, long);
    sink.close();
    const lines = linesIn(dir);
    expect(lines.slice(0, 4).map(({ text }) => text)).toEqual(["one", "two", "", "four"]);
    expect(lines.slice(4).length).toBeGreaterThan(1);
    expect(
      lines
        .slice(4)
        .map(({ text }) => text)
        .join(""),
    ).toBe(long);
    expect(lines.map(({ n }) => n)).toEqual(from1To(lines.length));
    expect(lines[0]).toMatchObject({ n: 1, seq: 1, attempt: 1, stage: "Load", stream: "stdout" });
  });

  test("a torn line of a dead writer does not damage the next writer's lines", () => {
    const { dir, sink } = newSink();
    sink.line("log", null, "whole");
    disk.room = 20;
    expect(() => sink.line("log", null, "torn")).not.toThrow();
    disk.heal();
    sink.close();
    const again = new FileWriter(dir, 1, 1);
    again.line("log", null, "after");
    again.close();
    expect(linesIn(dir).map(({ text }) => text)).toEqual(["whole", "after"]);
  });
});

describe("a full disk", () => {
  type Step = { write: "line" | "progress" } | { room: number } | { heal: true };
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ write: fc.constantFrom("line" as const, "progress" as const) }),
      },
      { weight: 1, arbitrary: fc.record({ room: fc.nat({ max: 500 }) }) },
      { weight: 1, arbitrary: fc.constant<Step>({ heal: true }) },
    ),
    { maxLength: 40 },
  );

  test("drops complete lines and progress, and reports the number at the end", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { dir, sink } = newSink();
        const tried = { line: 0, progress: 0 };
        for (const step of all) {
          if ("room" in step) disk.room = step.room;
          else if ("heal" in step) disk.heal();
          else {
            tried[step.write]++;
            if (step.write === "line") sink.line("log", null, `line ${tried.line}`);
            else sink.event(progress(tried.progress), false);
          }
        }
        disk.heal();
        sink.finish({
          type: "attempt:finished",
          state: "succeeded",
          result: null,
          error: null,
          next: null,
          seconds: 1,
        });
        sink.close();
        const events = eventsIn(dir);
        const lines = linesIn(dir);
        const seqs = [...events, ...lines].map(({ seq }) => seq).sort((a, b) => a - b);
        expect(seqs).toEqual(from1To(seqs.length));
        expect(lines.map(({ n }) => n)).toEqual(from1To(lines.length));
        const own = lines.filter(({ stream }) => stream === "log").length;
        const changed = events.filter(({ type }) => type === "progress:changed").length;
        const said = events.reduce(
          (sum, event) => sum + (event.type === "records:dropped" ? event.count : 0),
          0,
        );
        expect(said).toBe(tried.line + tried.progress - own - changed);
        const notes = lines
          .filter(({ stream }) => stream === "liveops")
          .map(({ text }) => Number.parseInt(text, 10));
        expect(notes.reduce((sum, n) => sum + n, 0)).toBe(said);
        expect(events.at(-1)?.type).toBe("attempt:finished");
      }),
    );
  });

  test("a durable event waits for room, and is there once", () => {
    const { dir, sink } = newSink();
    disk.room = 5;
    let looks = 0;
    disk.beforeChange = () => {
      if (++looks > 2) disk.room = Number.POSITIVE_INFINITY;
    };
    sink.event({ type: "stage:entered", stage: "Load", index: 0 }, true);
    sink.close();
    expect(looks).toBeGreaterThan(2);
    expect(eventsIn(dir)).toEqual([expect.objectContaining({ seq: 1, type: "stage:entered" })]);
  });

  test("another failure of the disk is not hidden", () => {
    const { sink } = newSink();
    disk.syncErrors = ["EIO"];
    expect(() => sink.event({ type: "stage:entered", stage: "Load", index: 0 }, true)).toThrow(
      "EIO",
    );
    sink.close();
  });

  test("an event that is durable, and not visible for an error of the disk, keeps its numbers", () => {
    const { dir, sink } = newSink();
    const { syncs } = disk;
    disk.beforeChange = () => {
      if (disk.syncs > syncs) throw systemError("EIO", "write");
    };
    expect(() => sink.event({ type: "stage:entered", stage: "Load", index: 0 }, true)).toThrow(
      "EIO",
    );
    disk.heal();
    sink.event(progress(1), false);
    sink.close();
    expect(eventsIn(dir)).toMatchObject([
      { n: 1, seq: 1 },
      { n: 2, seq: 2 },
    ]);
  });

  test("at the moment of a rotation loses no more than it says", () => {
    const { dir, sink } = newSink(4000);
    for (let n = 1; n <= 200; n++) {
      disk.room = n % 5 === 0 ? 100 : Number.POSITIVE_INFINITY;
      if (n % 7 === 0) disk.room = 0;
      sink.line("log", null, `line ${n} ${"x".repeat(40)}`);
    }
    disk.heal();
    sink.line("log", null, "the last");
    sink.close();
    const lines = linesIn(dir);
    expect(lines.findLast(({ stream }) => stream === "log")?.text).toBe("the last");
    expect(lines.map(({ n }) => n - lines[0]!.n)).toEqual(lines.map((_, index) => index));
  });
});

describe("untracked stages", () => {
  const entered = (stage: string) => ({ type: "stage:entered", stage, index: null }) as const;
  const left = (stage: string, untrackedStage?: string) =>
    ({
      type: "stage:left",
      stage,
      index: null,
      state: "done",
      resumed: false,
      seconds: 0,
      ...(untrackedStage !== undefined && { untrackedStage }),
    }) as const;
  const story = (dir: string) =>
    eventsIn(dir).map((event) => {
      if (event.type === "progress:changed") return event.percent;
      return "stage" in event ? `${event.type} ${event.stage}` : event.type;
    });

  test("that were recorded as begun are recorded as ended when the events have reached their bound", () => {
    const { dir, sink } = newSink(3000);
    sink.event(entered("Outer"), false);
    for (let n = 0; n < 100; n++) {
      sink.event(entered(`inner ${n}`), false);
      sink.event(left(`inner ${n}`, "Outer"), false);
    }
    sink.event(left("Outer"), false);
    sink.close();
    const recorded = eventsIn(dir);
    const record = recorded.reduce(
      (so, event) => reduceEvent(so, event),
      new Story().started().record(),
    );
    expect(record.untrackedStage).toBeNull();
    expect(recorded.length).toBeLessThan(60);
  });

  test("of which the last event met a full disk are recorded as ended once there is space", () => {
    const { dir, sink } = newSink();
    sink.event(entered("Warm cache"), false);
    disk.copiesOnWrite = true;
    disk.room = 0;
    sink.event(progress(5), false);
    sink.event(left("Warm cache", "Aside"), false);
    sink.event(left("Aside"), false);
    disk.heal();
    sink.event(progress(7), false);
    sink.close();
    expect(story(dir)).toEqual([
      "stage:entered Warm cache",
      "records:dropped",
      "stage:left Aside",
      7,
    ]);
    expect(eventsIn(dir)[1]).toMatchObject({ count: 2 });
  });

  test("have no progress that waited since before they began", () => {
    const { dir, sink } = newSink(2000);
    // Past half of the bound, progress waits.
    for (let n = 0; n < 12; n++) sink.event({ type: "records:dropped", count: 1 }, false);
    sink.event(progress(1), false);
    sink.event(progress(60), false);
    sink.event(entered("Warm cache"), false);
    sink.event({ type: "stage:entered", stage: "Load", index: 0 }, true);
    sink.close();
    expect(story(dir).slice(12)).toEqual([1, "stage:entered Warm cache", "stage:entered Load"]);
  });
});

test("of output that becomes several records, only the last one says that it was read", () => {
  const { dir, sink } = newSink();
  sink.outputLines("stdout", null, ["first", "x".repeat(200_000), "last"], undefined, 200_011);
  sink.close();
  const ends = logFiles(dir).flatMap((file) => stored<LogRecord>(file).map(({ end }) => end));
  expect(ends.length).toBeGreaterThan(3);
  expect(ends).toEqual([...Array(ends.length - 1).fill(undefined), 200_011]);
});

describe("a bounded log", () => {
  test("keeps at least the newest lines of its bound, and says once, at the top, what was cut", async () => {
    const maxLog = 256 * 1024;
    const { dir, runDir, sink } = newSink(maxLog);
    const written = 20_000;
    for (let n = 1; n <= written; n++) sink.line("log", null, `line ${n} ${"x".repeat(n % 50)}`);
    sink.close();
    const bytes = logFiles(dir).reduce((sum, file) => sum + readFileSync(file).length, 0);
    expect(bytes).toBeGreaterThanOrEqual(maxLog);
    expect(bytes).toBeLessThan(maxLog * 1.07);
    const [note, ...lines] = linesIn(dir) as [LogLine, ...LogLine[]];
    const head = stored<LogHead>(logFiles(dir)[0]!)[0]!;
    expect(lines.map(({ n }) => n)).toEqual(from1To(written).slice(head.n));
    expect(lines.map(({ text }) => Number(text.split(" ")[1]))).toEqual(lines.map(({ n }) => n));
    expect(lines.filter(({ stream }) => stream === "liveops")).toEqual([]);
    // The bytes of the lines that are gone, as this sink would write them.
    const whole = newSink();
    for (let n = 1; n <= head.n; n++)
      whole.sink.line("log", null, `line ${n} ${"x".repeat(n % 50)}`);
    whole.sink.close();
    expect(head.cut).toBe(readFileSync(logFile(whole.dir)).length);
    expect(head).toMatchObject({
      stream: "liveops",
      seq: head.n,
      lines: [
        `lines 1 to ${head.n} were cut (${head.n} lines, ${Number((head.cut! / 1024 / 1024).toFixed(2))} MiB as stored): the log of an attempt keeps its newest 0.25 MiB as stored`,
      ],
    });

    const question = { files: localFiles(runDir), limit: 5, filter: {} };
    const numbers = (page: { lines: LogLine[] }) => page.lines.map(({ n }) => n);
    const from = (first: number) => Array.from({ length: 5 }, (_, index) => first + index);
    const top = await pageAfter(question, 0);
    expect(numbers(top)).toEqual(from(head.n));
    expect(top.lines[0]).toEqual(note);
    // Below the cut the note comes first; at the cut, and at each part after it, it does not come.
    expect(numbers(await pageAfter(question, head.n - 10))).toEqual(from(head.n));
    for (const file of logFiles(dir)) {
      const { n } = stored<LogHead>(file)[0]!;
      for (const after of [n, n + 1, n - 1].filter((each) => each >= head.n))
        expect(linesAfter(localFiles(runDir), after, 1).lines[0]?.n).toBe(after + 1);
    }
    const newest = await pageBefore(question, written + 1);
    expect(numbers(newest)).toEqual(from(written - 4));
    expect(newest.next).toBe(written - 4);
    const oldest = await pageBefore(question, head.n + 2);
    expect(numbers(oldest)).toEqual([head.n, head.n + 1]);
    expect(oldest.next).toBeNull();
    const all: LogLine[] = [];
    for (const slice of slicesAfter(localFiles(runDir), 0)) all.push(...slice.lines);
    expect(all.filter(({ stream }) => stream === "liveops")).toHaveLength(1);
  });

  test("is durable with the outcome, in all its parts", () => {
    const { dir, sink } = newSink(64 * 1024);
    for (let n = 1; n <= 500; n++) sink.line("log", null, `line ${n} ${"x".repeat(40)}`);
    sink.finish({ type: "attempt:finished", outcome: null } as never);
    sink.close();
    expect(logFiles(dir).length).toBeGreaterThan(3);
    expect(disk.synced.filter((path) => path === logFile(dir)).length).toBeGreaterThanOrEqual(
      logFiles(dir).length,
    );
  });

  test("the lines of a second attempt are numbered on, and its note has its own numbers", () => {
    const runDir = directory();
    const dir = join(runDir, "2");
    const sink = new FileWriter(dir, 500, 100, 8192);
    for (let n = 101; n <= 600; n++) sink.line("log", null, `line ${n}`);
    sink.close();
    const [head] = linesIn(dir);
    expect(head!.text).toMatch(
      new RegExp(`^lines 101 to ${head!.n} were cut \\(${head!.n - 100} lines, `),
    );
    expect(head!.seq).toBe(400 + head!.n);
  });

  test("a reader that keeps up misses no line, however often it rotates", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 40 }), (bursts) => {
        const { dir, sink } = newSink(3000);
        const tail = new LogTail(dir);
        const seen: number[] = [];
        const read = () => {
          while (tail.read((text) => seen.push(parseRecord<LogLine>(text)!.n)));
        };
        let n = 0;
        for (const burst of bursts) {
          for (let count = 0; count < burst; count++) sink.line("log", null, `line ${++n}`);
          read();
        }
        sink.line("log", null, "the last");
        read();
        tail.close();
        sink.close();
        expect(seen).toEqual(from1To(linesIn(dir).at(-1)!.n));
      }),
    );
  });

  test("a reader that is late sees every line that is left, in order, each once", () => {
    const { dir, sink } = newSink(5000);
    const tail = new LogTail(dir);
    const seen: number[] = [];
    for (let n = 1; n <= 500; n++) sink.line("log", null, `line ${n}`);
    while (tail.read((text) => seen.push(parseRecord<LogLine>(text)!.n)));
    tail.close();
    sink.close();
    const left = linesIn(dir).map(({ n }) => n);
    expect(seen.slice(-left.length)).toEqual(left);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });
});
