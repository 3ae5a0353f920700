/** The table of `ls` and the record of `show`: pure text. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { STATES } from "../../../protocol/state.js";
import { plain } from "../../../protocol/text/colour.js";
import { type TableOptions, table } from "../../../tui/cli/ls/table.js";
import { recordLines } from "../../../tui/cli/show/record-lines.js";
import { OPERATIONS, type OperationContext } from "../../../tui/describe/columns.js";
import * as widths from "../../../tui/kit/output/width.js";
import { AT, Story } from "../../harness/records.js";

const now = Date.parse(AT) + 65_000;

function operation(over: Partial<Operation> = {}): Operation {
  return { ...new Story().started().entered("Process", 1).record(), ...over };
}

test("a row has id, type, state, stage, overall progress, age, title and label", () => {
  const rows = [
    operation({ percent: 42, label: "nightly" }),
    operation({ id: "bbb", state: "queued", queuePosition: 3, currentStage: -1 }),
    operation({ id: "ccc", state: "succeeded", percent: 100 }),
    operation({
      progress: { done: 1200, total: null, unit: "row", label: null, rate: null, etaSeconds: null },
    }),
    operation({ cancelRequested: true }),
    operation({ untrackedStage: "Warm\tcache", percent: 7 }),
  ];
  expect(table(rows, { width: Number.POSITIVE_INFINITY, widths, paint: plain, now })).toEqual([
    "ID            OP                 STATE         STAGE          DONE  AGE  TITLE                LABEL",
    "aaa111bbb222  load-process-save  ● running     [2/3] Process   47%   1m  Load, process, save  nightly",
    "bbb           load-process-save  ○ queued                       #3   1m  Load, process, save",
    "ccc           load-process-save  ✓ succeeded                  100%   1m  Load, process, save",
    "aaa111bbb222  load-process-save  ● running     [2/3] Process  ≥33%   1m  Load, process, save",
    "aaa111bbb222  load-process-save  ● cancelling  [2/3] Process  ≥33%   1m  Load, process, save",
    "aaa111bbb222  load-process-save  ● running     Warm    cache  ≥33%   1m  Load, process, save",
  ]);
});

test("DONE is the share of the whole operation; without a share, what was counted so far", () => {
  const counted = {
    done: 1200,
    total: null,
    unit: "row",
    label: null,
    rate: null,
    etaSeconds: null,
  };
  const load = { currentStage: 0, stageStates: { Load: "active" } } as const;
  const done = (over: Partial<Operation>, expectedEnd?: TableOptions["expectedEnd"]) => {
    const [, row = ""] = table([operation(over)], {
      width: 200,
      widths,
      paint: plain,
      now,
      expectedEnd,
    });
    return /Process|Load/.test(row) ? row.split(/ {2,}/)[4] : "";
  };
  expect(done({ percent: 60 })).toBe("53%");
  expect(done({ ...load, percent: 60 })).toBe("20%");
  expect(done({ ...load, progress: counted })).toBe("1,200 rows");
  expect(done({ ...load, progress: null })).toBe("1m");
  expect(done({ state: "failed", percent: 60 })).toBe("53%");
  expect(done({ state: "failed", progress: { ...counted, done: 0 } })).toBe("33%");
  const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
  const expected = (margin: number) => () => ({ startsAt: at(-80), endsAt: at(20), margin });
  expect(done({ percent: 60 }, expected(2))).toBe("80%");
  expect(done({ percent: 60 }, expected(30))).toBe("~80%");
});

test("a queued operation has its expected start, where that is known and not now", () => {
  const queued = { state: "queued", queuePosition: 3, currentStage: -1, stageStates: {} } as const;
  const done = (startsAt: number | null, over: Partial<Operation> = {}) => {
    const rows = table([operation({ ...queued, ...over })], {
      width: 200,
      widths,
      paint: plain,
      now,
      startsAt: () => startsAt,
    });
    return rows[1]!.split(/ {2,}/).find((cell) => /^(#|after)/.test(cell));
  };
  expect(done(null)).toBe("#3");
  expect(done(now + 500)).toBe("#3");
  expect(done(now + 39_001)).toBe("#3 in ~40s");
  expect(done(now + 250_000)).toBe("#3 in ~4m");
  expect(done(now + 7_200_000, { queuePosition: null, waitsFor: ["k3fa81x0c2pd"] })).toBe(
    "after k3fa in ~2h",
  );
});

test("a running operation has its expected time left, or is late; the column is there only for these", () => {
  const rows = (expectedEnd: { endsAt: string | null; late?: true } | undefined) =>
    table([operation({ state: "running" })], {
      width: 200,
      widths,
      paint: plain,
      now,
      expectedEnd: () => expectedEnd && { startsAt: AT, ...expectedEnd },
    }).map((row) => row.split(/ {2,}/));
  const left = (expectedEnd: { endsAt: string | null; late?: true }) => {
    const [header, cells] = rows(expectedEnd);
    return cells![header!.indexOf("LEFT")];
  };
  expect(left({ endsAt: new Date(now + 241_500).toISOString() })).toBe("~4m02s");
  expect(left({ endsAt: new Date(now - 500).toISOString() })).toBe("~1s");
  expect(left({ endsAt: null, late: true })).toBe("late");
  expect(rows(undefined)[0]).not.toContain("LEFT");
});

test("the record of a live operation says when it is expected to start and to end", () => {
  const expected = (
    state: "queued" | "running",
    startsAt: string | null,
    endsAt: string | null,
    from: { margin?: number; runs?: number; late?: true } = {},
  ) => {
    const it = operation({ state });
    const forecast = {
      at: AT,
      emptyAt: null,
      operations: { [it.id]: { startsAt, endsAt, ...from } },
    };
    const lines = recordLines(it, { paint: plain, now, forecast });
    return lines.find((line) => line.startsWith("expected"))?.replace(/at [\d:]+/g, "at TIME");
  };
  const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
  expect(expected("queued", at(240), at(600))).toBe(
    "expected    to start in ~4m, at TIME; to end in ~10m, at TIME",
  );
  expect(expected("queued", at(0), null)).toBe("expected    to start now");
  expect(expected("running", at(-9), at(30))).toBe("expected    to end in ~30s, at TIME");
  expect(expected("queued", null, null)).toBeUndefined();
  expect(expected("running", at(-9), at(0))).toBe("expected    to end in ~1s, at TIME");
  expect(expected("running", at(-9), at(30), { margin: 2.1, runs: 11 })).toBe(
    "expected    to end in ~30s, at TIME (±3s, 11 runs)",
  );
  expect(expected("running", at(-9), null, { late: true })).toBe(
    "expected    later than usual: nine of ten earlier runs took less",
  );
});

test("a wide table shows the resources: the current memory of a running operation, the peak of another", () => {
  const resources = {
    cpuSeconds: 12.5,
    maxRssBytes: 300 * 2 ** 20,
    readBytes: 2048,
    writtenBytes: 0,
  };
  const usage = { cpu: 0.5, rssBytes: 100 * 2 ** 20, processes: 2 };
  const rows = table(
    [
      operation({ state: "running", startedAt: AT, resources, usage }),
      operation({ state: "failed", startedAt: AT, finishedAt: AT, seconds: 3, resources }),
      operation({ state: "queued" }),
    ],
    { width: 200, widths, paint: plain, now, wide: true },
  ).map((row) => row.split(/ {2,}/));
  const [header, ...cells] = rows;
  const from = header!.indexOf("TOOK");
  expect(header!.slice(from, from + 6)).toEqual(["TOOK", "CPU", "MEM", "READ", "WRITTEN", "TITLE"]);
  expect(cells[0]!.join(" ")).toContain("1m05s 13s 100 MiB 2.0 KiB 0 B");
  expect(cells[1]!.join(" ")).toContain("3s 13s 300 MiB 2.0 KiB 0 B");
  expect(cells[2]!.join(" ")).not.toContain("MiB");
});

test("a narrow table cuts the title first and drops it first", () => {
  const rows = [operation({ title: "A long title of an operation", label: "a label" })];
  const [, at96 = ""] = table(rows, { width: 96, widths, paint: plain, now });
  expect(at96).toMatch(/A long t.*… {2}a label$/);
  const [header = ""] = table(rows, { width: 66, widths, paint: plain, now });
  expect(header).toBe("ID            OP              STATE      STAGE  DONE  AGE  LABEL");
});

const untrusted = fc.string({
  unit: fc.constantFrom("a", "日", "\x1b", "\n", "\u202e", "👩‍💻"),
  maxLength: 30,
});

test("it fits every width, and holds no control, whatever the labels are", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 160 }),
      fc.array(
        fc.record({
          label: untrusted,
          op: untrusted,
          title: untrusted,
          state: fc.constantFrom(...STATES),
        }),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      (width, rows) => {
        const lines = table(
          rows.map((row) => operation(row)),
          { width, widths, paint: plain, now },
        );
        expect(lines).toHaveLength(rows.length + 1);
        for (const line of lines) {
          expect(widths.columnsOf(line)).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
        }
      },
    ),
  );
});

test("show and ls say which failure was allowed, and show why a stage was skipped", () => {
  const error = { code: "LIVEOPS_EXCEPTION", message: "no remote\nat all", stack: null };
  const story = new Story()
    .started()
    .entered("Load", 0)
    .left("Load", 0, "allowed-failure", false, { error })
    .entered("Process", 1)
    .left("Process", 1, "skipped", false, { reason: "no files" })
    .entered("Save", 2)
    .left("Save", 2, "postponed" as "done")
    .finished("succeeded");
  const lines = recordLines(story.record(), { paint: plain, now });
  expect(lines.slice(lines.indexOf("stages"))).toEqual([
    "stages",
    "  ▲ Load  1s  allowed failure: no remote",
    "  » Process  skipped: no files",
    "  ✓ Save  1s",
  ]);
  expect(
    table([story.record()], { width: Number.POSITIVE_INFINITY, widths, paint: plain, now }).join(
      "\n",
    ),
  ).toContain("✓ succeeded  ▲ Load");
});

test("show has the worker of a running operation", () => {
  const story = new Story().started().event({ type: "attempt:accepted", attempt: 1, pid: 4711 });
  const pidLines = () =>
    recordLines(story.record(), { paint: plain, now }).filter((line) => line.startsWith("pid"));
  expect(pidLines()).toEqual(["pid         4711"]);
  story.finished("failed");
  expect(pidLines()).toEqual([]);
});

test("show tells the choices of a question apart from its end", () => {
  const until = new Date(now + 60_000).toISOString();
  const question = {
    question: "Where?",
    choices: ["eu", "no"],
    stage: "Load",
    step: null,
    since: AT,
  };
  const asked = { ...question, until, default: "no", answer: null };
  const it = operation({ state: "queued", approvals: [asked as never] });
  expect(
    recordLines(it, { paint: plain, now }).find((line) => line.startsWith("approval")),
  ).toMatch(/Where\? \(eu, no; until \d\d:\d\d, then no\)/);
});

test("the times of a paused operation stand still, those of its stages too", () => {
  const pause = { since: new Date(now - 20_000).toISOString(), seconds: 0, changes: 1 };
  const it = { ...new Story().started().entered("Load", 0).record(), pause };
  const ran = Math.floor((now - 20_000 - Date.parse(it.startedAt!)) / 1000);
  const lines = recordLines(it, { paint: plain, now });
  expect(lines).toContain(`elapsed     ${ran}s`);
  expect(lines.find((line) => line.includes("● Load"))).toMatch(
    new RegExp(`Load  ${ran}(\\.\\d)?s`),
  );
  const took = OPERATIONS.columns.find(({ name }) => name === "took")!.text;
  expect(took(it, { now } as OperationContext)).toMatch(new RegExp(`^${ran}(\\.\\d)?s$`));
});

test("show prints a bar only if the operation reported progress", () => {
  const bar = (it: Operation) =>
    recordLines(it, { paint: plain, now }).find((line) => line.startsWith("progress"));
  const story = new Story().started().entered("Load", 0);
  expect(bar(story.record())).toBeUndefined();
  expect(bar({ ...story.record(), percent: 40 })).toMatch(/\[█+░+\] {2}40%/);
  const progress = {
    stage: 0,
    label: null,
    done: 0,
    total: 4,
    unit: "row",
    rate: null,
    etaSeconds: null,
  };
  expect(bar({ ...story.record(), progress })).toContain("0%  0/4 rows");
});

test("show prints the fields that are not empty", () => {
  const story = new Story({ params: { path: "a\tb" }, label: "mine" })
    .started()
    .entered("Load", 0)
    .left("Load", 0, "done", true, { reason: "done in attempt 1" })
    .entered("Process", 1)
    .left("Process", 1, "failed")
    .log("one")
    .finished("failed");
  expect(recordLines(story.record(), { paint: plain, now })).toEqual([
    "aaa111bbb222  load-process-save  ✗ failed",
    "title       Load, process, save",
    "label       mine",
    "directory   /",
    "submitted   Fri 2 Jan 2026 03:04:05 UTC (1m ago)",
    "started     Fri 2 Jan 2026 03:04:05 UTC (1m ago)",
    "finished    Fri 2 Jan 2026 03:04:05 UTC (1m ago)",
    "took        0s",
    "params",
    "  path=a       b",
    "stages",
    "  ✓ Load  done in attempt 1",
    "  ✗ Process  1s",
    "  ○ Save",
    "error",
    "  it broke (LIVEOPS_EXCEPTION)",
    "      at x",
    "log         1 line: liveops logs aaa111bbb222",
  ]);
});

test("show prints the result's own text, and the names of the variables", () => {
  const event = {
    type: "operation:finished",
    state: "succeeded",
    result: { n: 1 },
    error: null,
    next: null,
  } as const;
  const story = new Story({ title: "Deploy to \x1b[31mdb" })
    .started()
    .event({ ...event, resultText: "one\ntwo\x07" });
  const lines = recordLines({ ...story.record(), env: ["A\x1b", "PATH"] }, { paint: plain, now });
  expect(lines).toEqual(
    expect.arrayContaining([
      "title       Deploy to \\x1b[31mdb",
      "env         A\\x1b PATH",
      "result",
      "  one",
      "  two\\x07",
    ]),
  );
  expect(lines.join()).not.toContain("n=1");
});

test("show names the chain's neighbours", () => {
  const chain = { id: "aaa", index: 1, previous: "aaa", next: "ccc" };
  expect(recordLines(operation({ id: "bbb", chain }), { paint: plain, now })).toContain(
    "chain       operation 2 of aaa, after aaa, then ccc",
  );
});

const CHAIN = "operations of the chain";

test("show lists the operations of the chain with their results", () => {
  const link = (index: number, over: Partial<Operation>): Operation =>
    operation({
      id: `id${index}`,
      chain: { id: "id0", index, previous: null, next: null },
      ...over,
    });
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`k${i}`, i]));
  const links = [
    link(0, { op: "backup", state: "succeeded", result: { archive: "/a\x1b[2Jb", files: 3 } }),
    link(1, { op: "large", state: "succeeded", result: null, large: ["result"] }),
    link(2, { op: "many", state: "succeeded", result: many }),
    link(3, { op: "shown", state: "succeeded", result: { here: 1 } }),
    link(4, {
      op: "broken",
      state: "failed",
      error: { code: "X", message: "no\ndisk", stack: null },
    }),
  ];
  const lines = recordLines(links[3]!, { paint: plain, now, chain: { links, earlier: 2 } });
  expect(lines.slice(lines.indexOf(CHAIN), lines.indexOf(CHAIN) + 22)).toEqual([
    CHAIN,
    "  … 2 earlier",
    "  1  id0  backup  ✓ succeeded",
    "     archive=/a\\x1b[2Jb",
    "     files=3",
    "  2  id1  large  ✓ succeeded",
    "     result=large: liveops show id1 prints it",
    "  3  id2  many  ✓ succeeded",
    ...Array.from({ length: 10 }, (_, i) => `     k${i}=${i}`),
    "     … 2 more: liveops show id2",
    "  4  id3  shown  ✓ succeeded",
    "  5  id4  broken  ✗ failed",
    "     no\\ndisk",
  ]);
  expect(lines).toContain("  here=1");
});
