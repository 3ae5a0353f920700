/** Stage values in the events of earlier attempts, as the worker wrote them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsFile, keptValues } from "../../../daemon/run-files/attempt-files.js";
import { RunWriter } from "../../../daemon/worker/run-writer.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function write(runDir: string, attempt: number, stages: Array<[string, unknown]>): void {
  const dir = join(runDir, String(attempt));
  mkdirSync(dir, { recursive: true });
  const sink = new RunWriter(dir, attempt, attempt * 100, 0, Number.POSITIVE_INFINITY);
  for (const [stage, value] of stages) {
    sink.event({ type: "stage:entered", stage, index: 0 }, true);
    const left = { type: "stage:left", stage, index: 0, state: "done", resumed: false, seconds: 1 } as const;
    sink.event({ ...left, value: { occurrence: 1, params: "p", value } }, true);
    sink.event({ ...left, state: "failed" }, true);
    sink.event({ ...left, resumed: true }, true);
  }
  sink.close();
}

test("those of the attempts before, in order, whole ones alone", () => {
  const runDir = directory();
  write(runDir, 1, [
    ["Load", [1]],
    ["Damaged", "x"],
    ["Save", { a: "stage:left" }],
  ]);
  write(runDir, 3, [["Load", 3]]);
  write(runDir, 4, [["Load", 4]]);
  const file = eventsFile(join(runDir, "1"));
  writeFileSync(file, readFileSync(file, "utf8").replace('"value":"x"', '"value":"y"'));
  const kept = { occurrence: 1, params: "p" };
  expect([...keptValues(runDir, 4)]).toEqual([
    { ...kept, attempt: 1, stage: "Load", value: [1] },
    { ...kept, attempt: 1, stage: "Save", value: { a: "stage:left" } },
    { ...kept, attempt: 3, stage: "Load", value: 3 },
  ]);
  expect([...keptValues(runDir, 1)]).toEqual([]);
  expect([...keptValues(join(runDir, "none"), 9)]).toEqual([]);
});
