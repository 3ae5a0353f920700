import { existsSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { LiveOperation, type Progress } from "liveops";
import { beforeEach, expect, it } from "vitest";
import { runAttempt } from "../../../ops/attempt/run-attempt.js";
import type { StageValues } from "../../../ops/attempt/sink.js";
import {
  type Forgotten,
  fileStageValues,
  forgetFrom,
  type KeptValue,
  keptBefore,
} from "../../../ops/attempt/stage-values.js";
import { useDirectories } from "../../harness/temporary.js";
import { ArraySink, anOrder, TestStop } from "./array-sink.js";

const directory = useDirectories();
let root: string;
let dir: string;
beforeEach(() => {
  root = directory();
  dir = join(root, "values");
});

/** What attempts left in their events, and what the decisions of a fleet say about retries. */
let events: KeptValue[];
let forgotten: Forgotten[];
let inEvents: boolean;
beforeEach(() => {
  events = [];
  forgotten = [];
  inEvents = false;
});

function valuesOf(params: Record<string, unknown> = {}, attempt = 1): StageValues {
  const earlier = () => events.filter((event) => event.attempt < attempt);
  const values = fileStageValues(dir, params, attempt, {
    earlier,
    forgotten,
    ...(inEvents && { recordItems: () => {} }),
  });
  return {
    items: (...place) => values.items(...place),
    load: (...place) => values.load(...place),
    byHand: (...place) => values.byHand(...place),
    keep: (place, ...kept) => {
      const { stage } = place;
      const inEvent = values.keep(place, ...kept);
      // As it comes back from the file.
      if (inEvent) events.push({ attempt, stage, ...JSON.parse(JSON.stringify(inEvent)) });
      return inEvent;
    },
  };
}

function store(values: StageValues, stage: string, occurrence: number, json: string): void {
  values.keep({ stage, occurrence }, json, json === "" ? undefined : JSON.parse(json));
}

it("law: any JSON value of any stage name comes back, for the same params, however ordered", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("../../x", "a/b", ".", "", "A", "a", "nul\0"),
  );
  const value = fc.oneof(fc.jsonValue(), fc.constant(LARGE_VALUE));
  fc.assert(
    fc.property(name, fc.integer({ min: 1, max: 9 }), value, (stage, occurrence, value) => {
      events = [];
      const json = JSON.stringify(value);
      store(valuesOf({ a: 1, b: { c: 2, d: 3 } }), stage, occurrence, json);
      const again = valuesOf({ b: { d: 3, c: 2 }, a: 1 }, 2);
      expect(again.load({ stage, occurrence })).toEqual({ value: JSON.parse(json), attempt: 1 });
      expect(again.load({ stage, occurrence: occurrence + 10 })).toBeUndefined();
      expect(valuesOf({ a: 2 }, 2).load({ stage, occurrence })).toBeUndefined();
      rmSync(dir, { recursive: true, force: true });
    }),
  );
});

it("keeps names that differ in case alone, or beyond what a file name can hold, apart", () => {
  const values = valuesOf();
  const names = ["Load", "load", "lo ad", "../x", "x".repeat(300), `${"x".repeat(300)}y`];
  for (const [index, stage] of names.entries()) {
    store(values, stage, 1, String(index));
    store(values, stage, 2, JSON.stringify(`${index}${LARGE_VALUE}`));
  }
  const again = valuesOf({}, 2);
  expect(names.map((stage) => again.load({ stage, occurrence: 1 }))).toEqual(
    names.map((_, value) => ({ value, attempt: 1 })),
  );
  expect(names.map((stage) => again.load({ stage, occurrence: 2 }))).toEqual(
    names.map((_, index) => ({ value: `${index}${LARGE_VALUE}`, attempt: 1 })),
  );
  expect(readdirSync(root)).toEqual(["values"]);
  expect(readdirSync(dir).every((file) => file.endsWith(".json"))).toBe(true);
});

const LARGE_VALUE = "x".repeat(100_000);
const LARGE = JSON.stringify(LARGE_VALUE);

it("law: what was stored since it was last forgotten counts, small or large, whoever reads", () => {
  const stages = ["A", "B", "C"];
  const stored = fc.tuple(
    fc.constantFrom(...stages),
    fc.integer({ min: 1, max: 2 }),
    fc.constantFrom("1", "2", '{"a":[]}', "", LARGE),
  );
  // A retry begins at a stage, which forgets it and what follows.
  const attempts = fc.array(
    fc.record({
      from: fc.option(fc.constantFrom(...stages)),
      stored: fc.array(stored, { maxLength: 5 }),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(attempts, fc.boolean(), (attempts, inFleet) => {
      rmSync(dir, { recursive: true, force: true });
      events = [];
      forgotten = [];
      inEvents = inFleet;
      const last = new Map<string, string>();
      const attemptOf = new Map<string, number>();
      const expectAll = (values: StageValues) => {
        for (const stage of stages)
          for (const occurrence of [1, 2]) {
            const json = last.get(`${stage}${occurrence}`);
            const attempt = attemptOf.get(`${stage}${occurrence}`);
            const value = json === undefined || json === "" ? undefined : JSON.parse(json);
            expect(values.load({ stage, occurrence })).toEqual(
              json === undefined ? undefined : { value, attempt },
            );
          }
      };
      for (const [index, { from, stored }] of attempts.entries()) {
        if (from !== null && index > 0) {
          if (inFleet) forgotten.push({ attempt: index, ...keptBefore(from, stages) });
          else forgetFrom(dir, from, stages, index);
          for (const key of last.keys()) if (key[0]! >= from) last.delete(key);
        }
        const values = valuesOf({}, index + 1);
        expectAll(values);
        for (const [stage, occurrence, json] of stored) {
          // A stage whose value is there does not run.
          if (last.has(`${stage}${occurrence}`)) continue;
          store(values, stage, occurrence, json);
          last.set(`${stage}${occurrence}`, json);
          attemptOf.set(`${stage}${occurrence}`, index + 1);
        }
      }
      expectAll(valuesOf({}, attempts.length + 1));
      // Other hosts have no files.
      if (inFleet) expect(existsSync(dir)).toBe(false);
    }),
  );
});

it("takes a value that was cut off for none, and stores the next one", () => {
  store(valuesOf(), "Load", 1, LARGE);
  truncateSync(join(dir, readdirSync(dir)[0]!), 20);
  const again = valuesOf({}, 2);
  expect(again.load({ stage: "Load", occurrence: 1 })).toBeUndefined();
  store(again, "Load", 1, "2");
  expect(valuesOf({}, 3).load({ stage: "Load", occurrence: 1 })).toEqual({ value: 2, attempt: 2 });
});

it("forgets a stage and what follows it", () => {
  const values = valuesOf();
  for (const stage of ["A", "B", "C"]) {
    store(values, stage, 1, "1");
    store(values, stage, 2, LARGE);
  }
  forgetFrom(dir, "B", ["A", "B", "C"], 1);
  const left = valuesOf({}, 2);
  const isLeft = (stage: string) => [1, 2].filter((occurrence) => left.load({ stage, occurrence }));
  expect(["A", "B", "C"].map(isLeft)).toEqual([[1, 2], [], []]);
  forgetFrom(join(root, "none"), "B", ["A", "B"], 1);
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

let attempts = 0;
beforeEach(() => {
  attempts = 0;
});

async function attempt(save: () => unknown) {
  Resumable.ran = [];
  Resumable.save = save;
  const sink = new ArraySink();
  const order = anOrder({ title: "Resumable", stages: Resumable.stages });
  const outcome = await runAttempt(
    Resumable,
    order,
    sink,
    new TestStop(),
    valuesOf({}, ++attempts),
  );
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
    again.sink
      .of("stage:left")
      .map(({ stage, state, resumed, durable }) => [stage, state, resumed, durable]),
  ).toEqual([
    ["Load", "done", true, true],
    ["Each", "done", true, true],
    ["Each", "done", true, true],
    ["Save", "done", false, true],
  ]);
  expect((await attempt(() => undefined)).ran).toEqual([]);
});

it("stores the value before it says the stage was left, or with it", async () => {
  const sink = new ArraySink();
  const values: StageValues = {
    items: () => expect.fail("no loop has a key"),
    load: () => undefined,
    byHand: () => undefined,
    keep: ({ stage, occurrence }, _json, value) => {
      sink.all.push(`stored ${stage}`);
      return stage === "Each" ? { occurrence, params: "", value } : null;
    },
  };
  await runAttempt(
    Resumable,
    anOrder({ title: "Resumable", stages: Resumable.stages }),
    sink,
    new TestStop(),
    values,
  );
  expect(sink.all.slice(0, 3)).toEqual(["stage:entered", "stored Load", "stage:left"]);
  expect(sink.of("stage:left").map(({ value }) => value)).toEqual([
    undefined,
    { occurrence: 1, params: "", value: 10 },
    { occurrence: 2, params: "", value: 20 },
    undefined,
  ]);
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
