import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { LiveOperation, type Progress } from "liveops";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runAttempt } from "../../../ops/api/run-attempt.js";
import { fileStageValues, forgetFrom, hashOfParams } from "../../../ops/api/stage-values.js";
import { ArraySink, anOrder, TestStop } from "./array-sink.js";

let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "liveops-values-"));
  dir = join(root, "values");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("law: any JSON value of any stage name comes back, for the same params, however ordered", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("../../x", "a/b", ".", "", "A", "a", "nul\0"),
  );
  fc.assert(
    fc.property(name, fc.integer({ min: 1, max: 9 }), fc.jsonValue(), (stage, occurrence, value) => {
      const json = JSON.stringify(value);
      const first = fileStageValues(dir, { a: 1, b: { c: 2, d: 3 } });
      first.store(stage, occurrence, json);
      first.close();
      const again = fileStageValues(dir, { b: { d: 3, c: 2 }, a: 1 });
      expect(again.load(stage, occurrence)).toEqual({ value: JSON.parse(json) });
      expect(again.load(stage, occurrence + 10)).toBeUndefined();
      expect(fileStageValues(dir, { a: 2 }).load(stage, occurrence)).toBeUndefined();
    }),
    { numRuns: 60 },
  );
  expect(readdirSync(root)).toEqual(["values"]);
  expect(readdirSync(dir).every((file) => /\.(?:json|ndjson)$/.test(file))).toBe(true);
});

it("keeps names that differ in case alone, or beyond what a file name can hold, apart", () => {
  const values = fileStageValues(dir, {});
  const names = ["Load", "load", "lo ad", "x".repeat(300), `${"x".repeat(300)}y`];
  for (const [index, stage] of names.entries()) values.store(stage, 1, String(index));
  expect(names.map((stage) => values.load(stage, 1))).toEqual(names.map((_, value) => ({ value })));
});

const LARGE = JSON.stringify("x".repeat(100_000));

it("law: the last value of a stage counts, small or large, whoever reads", () => {
  const stored = fc.tuple(
    fc.constantFrom("A", "B"),
    fc.integer({ min: 1, max: 2 }),
    fc.constantFrom("1", "2", '{"a":[]}', "", LARGE),
  );
  fc.assert(
    fc.property(fc.array(fc.array(stored, { maxLength: 5 }), { maxLength: 4 }), (attempts) => {
      rmSync(dir, { recursive: true, force: true });
      const last = new Map<string, string>();
      for (const attempt of attempts) {
        const values = fileStageValues(dir, {});
        for (const [stage, occurrence, json] of attempt) {
          values.store(stage, occurrence, json);
          last.set(`${stage}${occurrence}`, json);
          expect(values.load(stage, occurrence)).toEqual({
            value: json === "" ? undefined : JSON.parse(json),
          });
        }
        values.close();
      }
      const again = fileStageValues(dir, {});
      for (const stage of ["A", "B"])
        for (const occurrence of [1, 2]) {
          const json = last.get(`${stage}${occurrence}`);
          const value = json === undefined || json === "" ? undefined : JSON.parse(json);
          expect(again.load(stage, occurrence)).toEqual(json === undefined ? undefined : { value });
        }
    }),
    { numRuns: 40 },
  );
});

it.each([
  ["small", '{"a":1}'],
  ["large", LARGE],
])("takes a %s value that was cut off for none, and stores the next one", (_, json) => {
  const values = fileStageValues(dir, {});
  values.store("Load", 1, json);
  values.close();
  truncateSync(join(dir, readdirSync(dir)[0]!), 20);
  const again = fileStageValues(dir, {});
  expect(again.load("Load", 1)).toBeUndefined();
  again.store("Load", 1, "2");
  again.close();
  expect(fileStageValues(dir, {}).load("Load", 1)).toEqual({ value: 2 });
});

it("reads what an earlier version stored, each value in a file", () => {
  const params = hashOfParams({ a: 1 });
  const name = `Load.${createHash("sha256").update("Load").digest("hex").slice(0, 16)}.1.json`;
  mkdirSync(dir);
  writeFileSync(join(dir, name), JSON.stringify({ stage: "Load", occurrence: 1, params, value: [7] }));
  const values = fileStageValues(dir, { a: 1 });
  expect(values.load("Load", 1)).toEqual({ value: [7] });
  values.store("Load", 1, "8");
  values.close();
  expect(fileStageValues(dir, { a: 1 }).load("Load", 1)).toEqual({ value: 8 });
});

it("forgets a stage and what follows it", () => {
  const values = fileStageValues(dir, {});
  for (const stage of ["A", "B", "C"]) {
    values.store(stage, 1, "1");
    values.store(stage, 2, LARGE);
  }
  values.close();
  forgetFrom(dir, "B", ["A", "B", "C"]);
  const left = fileStageValues(dir, {});
  const isLeft = (stage: string) => [1, 2].filter((occurrence) => left.load(stage, occurrence));
  expect(["A", "B", "C"].map(isLeft)).toEqual([[1, 2], [], []]);
  forgetFrom(join(root, "none"), "B", ["A", "B"]);
});

class Resumable extends LiveOperation {
  static resumable = true;
  static stages = ["Load", "Each", "Save"];
  static ran: string[] = [];
  static save: () => unknown = () => undefined;
  async run(p: Progress) {
    const note = (text: string) => Resumable.ran.push(text);
    const rows = await p.stage("Load", () => {
      note("Load");
      return [1, 2];
    });
    const seen: unknown[] = [];
    for (const row of rows) {
      seen.push(
        await p.stage("Each", () => {
          note(`Each ${row}`);
          return row * 10;
        }),
      );
    }
    seen.push(
      await p.stage("Save", () => {
        note("Save");
        return Resumable.save();
      }),
    );
    p.result(seen.map((value) => value ?? "nothing"));
  }
}

async function attempt(save: () => unknown) {
  Resumable.ran = [];
  Resumable.save = save;
  const sink = new ArraySink();
  const order = anOrder({ title: "Resumable", stages: Resumable.stages });
  const outcome = await runAttempt(Resumable, order, sink, new TestStop(), fileStageValues(dir, {}));
  return { outcome, sink, ran: Resumable.ran };
}

it("returns what an earlier attempt's stages returned, by occurrence, without running them", async () => {
  const failed = await attempt(() => {
    throw new Error("disk");
  });
  expect(failed.ran).toEqual(["Load", "Each 1", "Each 2", "Save"]);
  expect(failed.outcome.state).toBe("failed");

  const again = await attempt(() => undefined);
  expect(again.ran).toEqual(["Save"]);
  expect(again.outcome.result).toEqual([10, 20, "nothing"]);
  expect(
    again.sink.of("stage:left").map(({ stage, state, resumed, durable }) => [stage, state, resumed, durable]),
  ).toEqual([
    ["Load", "done", true, true],
    ["Each", "done", true, true],
    ["Each", "done", true, true],
    ["Save", "done", false, true],
  ]);
  expect((await attempt(() => undefined)).ran).toEqual([]);
});

it("stores the value before it says the stage was left", async () => {
  const sink = new ArraySink();
  const values = {
    load: () => undefined,
    store: (stage: string) => sink.all.push(`stored ${stage}`),
  };
  await runAttempt(
    Resumable,
    anOrder({ title: "Resumable", stages: Resumable.stages }),
    sink,
    new TestStop(),
    values,
  );
  expect(sink.all.slice(0, 3)).toEqual(["stage:entered", "stored Load", "stage:left"]);
});

it.each([
  ["a Date", () => new Date(0), "is a Date"],
  ["a Map", () => ({ rows: new Map() }), ".rows is a Map"],
  ["a class's instance", () => new (class Row {})(), "is a Row"],
  ["a function", () => [() => 1], "[0] is a function"],
  ["over 16 MiB", () => "x".repeat(16 * 1024 * 1024), "more than 16 MiB"],
])("fails the stage that returns %s", async (_, save, why) => {
  const { outcome, sink } = await attempt(save);
  expect(outcome.error?.code).toBe("LIVEOPS_STAGE_VALUE_NOT_JSON");
  expect(outcome.error?.message).toContain(why);
  expect(sink.of("stage:left").at(-1)).toMatchObject({ stage: "Save", state: "failed" });
});
