/** Stage values in the events of earlier attempts, as the worker wrote them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsFile, keptValues } from "../../../daemon/run-files/attempt-files.js";
import { FileWriter, placeIn } from "../../harness/file-writer.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function write(runDir: string, attempt: number, stages: Array<[string, unknown]>): void {
  const dir = join(runDir, String(attempt));
  const sink = new FileWriter(dir, attempt * 100);
  for (const [stage, value] of stages) {
    sink.event({ type: "stage:entered", stage, index: 0 }, true);
    const left = {
      type: "stage:left",
      stage,
      index: 0,
      state: "done",
      resumed: false,
      seconds: 1,
    } as const;
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
  const places = [1, 2, 3].map((attempt) => placeIn(join(runDir, String(attempt))));
  expect([...keptValues(places)]).toEqual([
    { ...kept, attempt: 1, stage: "Load", value: [1] },
    { ...kept, attempt: 1, stage: "Save", value: { a: "stage:left" } },
    { ...kept, attempt: 3, stage: "Load", value: 3 },
  ]);
  const text = readFileSync(file, "utf8");
  expect([...keptValues([{ attempt: 1, text }])]).toEqual([...keptValues(places.slice(0, 1))]);
  expect([...keptValues([])]).toEqual([]);
});
