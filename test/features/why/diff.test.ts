/** The comparison of two runs whose stages have steps. */
import { expect, test } from "vitest";
import type { LogLine, Operation, Step } from "../../../protocol/operation.js";
import type { RunSource } from "../../../tui/cli/run-source.js";
import { diffRuns } from "../../../tui/features/why/diff.js";
import { diffLines } from "../../../tui/features/why/diff-text.js";
import { backupDone, doneStep, step } from "../../tui/dashboard/operations.js";

/** @param lines - `step: text`, or a text of no step */
function run(
  steps: readonly Step[],
  lines: readonly string[],
  over: Partial<Operation> = {},
): RunSource {
  const log = lines.map((line, i): LogLine => {
    const [, name, text = line] = /^(\w+): (.*)$/.exec(line) ?? [];
    const place = { stage: "Archive", ...(name !== undefined && { step: name }) };
    return {
      n: i + 1,
      seq: i + 1,
      at: "2026-01-02T03:04:05.000Z",
      attempt: 1,
      ...place,
      stream: "log",
      text,
    };
  });
  const counts = {
    total: steps.length,
    done: steps.filter(({ state }) => state === "done").length,
  };
  const record = backupDone({
    logLines: log.length,
    steps: { Archive: [...steps] },
    stepCounts: { Archive: counts },
    ...over,
  });
  return {
    record,
    events: async function* () {},
    log: async function* () {
      yield* log;
    },
  };
}

const [a, b] = [doneStep("a"), doneStep("b")];
const text = async (...runs: [RunSource, RunSource]) =>
  diffLines(await diffRuns(...runs), (_, it) => it).join("\n");

test("the lines of a step are compared with those of the same step, whatever stands between them", async () => {
  const left = run([a, b], ["before", "a: 1", "a: 2", "b: 1", "b: 2", "after"]);
  const right = run([b, a], ["before", "b: 1", "a: 1", "b: 2", "a: 2", "after"]);
  expect(await diffRuns(left, right)).toMatchObject({ same: true, log: { equal: 6, first: null } });
});

test("the first line of a step that differs is shown with those before it, of this step", async () => {
  const left = run([a, b], ["a: 1", "b: one", "a: 2", "b: two"]);
  const right = run([a, b], ["b: one", "b: three", "a: 1", "a: 2"]);
  const difference = await diffRuns(left, right);
  expect(difference.log).toMatchObject({
    same: false,
    first: { left: { step: "b", text: "two" } },
  });
  expect(difference.log.before.map(({ text: it }) => it)).toEqual(["one"]);
  expect(await text(left, right)).toContain("  < 4 [Archive/b] two\n  > 2 [Archive/b] three");
});

test("lines that only one of the runs has are a difference, wherever its other lines stand", async () => {
  const left = run([a, b], ["a: 1", "b: 1", "b: 2"]);
  const right = run([a, b], ["b: 1", "a: 1", "end"]);
  for (const pair of [[left, right] as const, [right, left] as const])
    expect((await diffRuns(...pair)).log.same).toBe(false);
  const longer = await text(left, run([a, b], ["b: 1", "a: 1"]));
  expect(longer).toContain("  < 3 [Archive/b] 2\n  > (end of the step)");
});

test("a step that ended otherwise is a difference, and a step that a record leaves out is not", async () => {
  const failed = step("b", {
    state: "failed",
    reason: "exit 1",
    finishedAt: a.finishedAt,
    seconds: 2,
  });
  const shown = await text(run([a, b], []), run([a, failed], []));
  expect(shown).toMatch(/Archive\/b +✓ 4\.2s +✗ 2s exit 1/);
  expect(shown).toContain("The runs differ: stages.");
  const counts = { stepCounts: { Archive: { total: 10_000, done: 10_000 } } };
  expect((await diffRuns(run([a], [], counts), run([b], [], counts))).same).toBe(true);
  expect((await diffRuns(run([a], []), run([a, b], []))).same).toBe(false);
});
