import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FailAtItem } from "../../ops/examples/fail-at-item.js";
import { LoadProcessSave } from "../../ops/examples/load-process-save.js";
import { StepA } from "../../ops/examples/step-a.js";
import { runOperation, startOperation } from "../harness/testing/index.js";
import { temporary } from "./temporary.js";
import { tree } from "./trees.js";

it("load-process-save runs as it is", async () => {
  const run = await runOperation(LoadProcessSave);
  const { saved } = run.result as { saved: string };
  expect(JSON.parse(readFileSync(saved, "utf8"))).toMatchObject({ liveops: expect.any(Number) });
  rmSync(saved);
});

it("load-process-save counts the words of a file", async () => {
  const directory = temporary();
  tree(directory, { "in.txt": "One two\ntwo, Öl\n" });
  const output = join(directory, "out.json");
  const run = await runOperation(LoadProcessSave, { file: join(directory, "in.txt"), output });
  expect(run.result).toEqual({ lines: 3, words: 3, mostFrequent: "two", saved: output });
  expect(JSON.parse(readFileSync(output, "utf8"))).toEqual({ two: 2, one: 1, öl: 1 });
  expect(
    run.events.flatMap((event) =>
      event.type === "stage:left" ? [[event.stage, event.state]] : [],
    ),
  ).toEqual([
    ["Load", "done"],
    ["Process", "done"],
    ["Save", "done"],
  ]);
});

it("step-a hands its files over to step-b", async () => {
  const directory = temporary();
  tree(directory, { a: "123", b: "45", "sub/c": "x" });
  const { id, next } = await runOperation(StepA, { directory });
  const result = { from: id, files: 2, bytes: 5 };
  expect(await runOperation(next!)).toMatchObject({ op: "step-b", result });
});

it("fail-at-item fails at its item and marks the stage", async () => {
  const run = await runOperation(FailAtItem, { items: 5, failAt: 3 });
  expect(run.error?.message).toBe("item 3 of 5 failed");
  expect(run.texts("log")).toEqual(["item 1 done", "item 2 done"]);
  expect(run.events).toContainEqual(
    expect.objectContaining({ type: "stage:left", stage: "Work", state: "failed" }),
  );
  expect((await runOperation(FailAtItem, { items: 5, failAt: 0 })).result).toEqual({ items: 5 });
});

it("an example that takes its time is cancelled at once", async () => {
  const attempt = startOperation(FailAtItem, { delayMs: 10_000 });
  await attempt.untilLog(({ text }) => text === "item 1 done");
  expect((await attempt.cancel()).state).toBe("cancelled");
});
