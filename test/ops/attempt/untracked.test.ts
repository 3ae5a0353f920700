/** Untracked stages: each has a bar of its own, and the bar of the block around it comes back. */
import fc from "fast-check";
import { LiveOperation, type Progress } from "liveops";
import { describe, expect, it } from "vitest";
import { runAttempt } from "../../../ops/attempt/run-attempt.js";
import type { OperationEvent } from "../../../protocol/event.js";
import type { Operation } from "../../../protocol/operation.js";
import { reduceEvent } from "../../../protocol/reduce.js";
import { cases } from "../../faults/mode.js";
import { Story } from "../../harness/records.js";
import { ArraySink, anOrder, TestStop } from "./array-sink.js";

const STAGES = ["Load", "Save"];

/** The record after each event of the operation. */
async function recordsOf(run: (p: Progress) => Promise<unknown>): Promise<Operation[]> {
  class Test extends LiveOperation {
    static stages = STAGES;
    async run(p: Progress) {
      await run(p);
    }
  }
  const sink = new ArraySink();
  const { error } = await runAttempt(Test, anOrder({ stages: STAGES }), sink, new TestStop(), null);
  expect(error).toBeNull();
  const records = [new Story({ stages: STAGES }).started().record()];
  for (const { durable: _, ...body } of sink.events) {
    const before = records.at(-1)!;
    const event = {
      ...body,
      seq: before.seq + 1,
      at: before.updatedAt,
      attempt: 1,
    } as OperationEvent;
    records.push(reduceEvent(before, event));
  }
  return records;
}

/** What a screen shows of the bar. */
function shown({ untrackedStage, currentStage, percent, progress }: Operation): string {
  const bar = progress === null ? `${percent}%` : `${progress.done}/${progress.total}`;
  return `${bar} of ${untrackedStage ?? STAGES[currentStage] ?? "nothing"}`;
}

const texts = async (run: (p: Progress) => Promise<unknown>) => (await recordsOf(run)).map(shown);

describe("the bar", () => {
  it("is that of the untracked stage while the stage runs, and then that of the stage around it", async () => {
    const said = await texts((p) =>
      p.stage("Load", async () => {
        p.percent(66);
        await p.untracked("Warm cache", () => p.percent(10));
      }),
    );
    expect(said).toEqual([
      "0% of nothing",
      "0% of Load",
      "66% of Load",
      "0% of Warm cache",
      "10% of Warm cache",
      "0% of Load",
      "66% of Load",
      "66% of Load",
    ]);
  });

  it("of the last stage stays after its end, and does not come back after an untracked stage", async () => {
    const said = await texts(async (p) => {
      await p.stage("Load", () => p.percent(66));
      await p.stage("Warm up", () => p.percent(10));
      await p.stage("Save", () => {});
    });
    expect(said.slice(2)).toEqual([
      "66% of Load",
      "66% of Load",
      "0% of Warm up",
      "10% of Warm up",
      "0% of Load",
      "0% of Save",
      "0% of Save",
    ]);
  });

  it("of code between two stages comes back", async () => {
    const said = await texts(async (p) => {
      await p.stage("Load", () => p.percent(66));
      p.percent(20);
      await p.untracked("Warm up", () => p.percent(10));
      await p.stage("Save", () => {});
    });
    expect(said.slice(3, 9)).toEqual([
      "66% of Load",
      "20% of Load",
      "0% of Warm up",
      "10% of Warm up",
      "0% of Load",
      "20% of Load",
    ]);
  });

  it("goes on counting a loop that runs an untracked stage for each item", async () => {
    const said = await texts((p) =>
      p.stage("Load", async () => {
        for (const item of p.track(["a", "b", "c"])) await p.untracked(`item ${item}`, () => {});
      }),
    );
    expect(said.filter((text) => text.endsWith("of Load")).slice(-3)).toEqual([
      "2/3 of Load",
      "3/3 of Load",
      "3/3 of Load",
    ]);
    expect(said).not.toContain("1/3 of item a");
  });

  it("of blocks that run in parallel is that of the one that began last and still runs", async () => {
    const ends = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
    const said = await texts((p) =>
      p.stage("Load", async () => {
        const a = p.untracked("A", async () => {
          p.percent(20);
          await ends.a.promise;
        });
        const b = p.untracked("B", async () => {
          p.percent(70);
          await ends.b.promise;
        });
        ends.a.resolve();
        await a;
        ends.b.resolve();
        await b;
      }),
    );
    expect(said.slice(2)).toEqual([
      "0% of A",
      "20% of A",
      "0% of B",
      "70% of B",
      // A ended: the record's bar is emptied, and B's is sent again.
      "0% of B",
      "70% of B",
      "0% of Load",
      "0% of Load",
    ]);
  });

  it("of a tracked stage inside an untracked one gives way to that of the untracked one", async () => {
    const said = await texts((p) =>
      p.untracked("All", async () => {
        p.percent(5);
        await p.stage("Load", () => p.percent(90));
      }),
    );
    expect(said.slice(1)).toEqual([
      "0% of All",
      "5% of All",
      "0% of Load",
      "90% of Load",
      "0% of All",
      "5% of All",
      "0% of Load",
      "90% of Load",
    ]);
  });
});

interface Block {
  name: string;
  steps: Array<"report" | Block>;
}

const block = fc.letrec<{ block: Block }>((tie) => ({
  block: fc.record({
    name: fc.constantFrom("Load", "Save", "Warm cache", "Aside"),
    steps: fc.array(
      fc.oneof({ depthSize: "small" }, fc.constant("report" as const), tie("block")),
      {
        maxLength: 4,
      },
    ),
  }),
})).block;

it("is never shown under the name of another stage, however the stages are nested", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 4 }), async (blocks) => {
      /** By reported value: the name of the stage that reported it. */
      const reporters = new Map<number, string>();
      const run = async (
        p: Progress,
        { name, steps }: Block,
        inTracked: boolean,
      ): Promise<void> => {
        const isTracked = STAGES.includes(name) && !inTracked;
        const inner = async () => {
          for (const step of steps) {
            if (step !== "report") await run(p, step, inTracked || isTracked);
            else {
              const value = (reporters.size + 1) / 100;
              reporters.set(value, name);
              p.percent(value);
            }
          }
        };
        await (isTracked ? p.stage(name, inner) : p.untracked(name, inner));
      };
      const records = await recordsOf(async (p) => {
        for (const each of blocks) await run(p, each, false);
      });
      for (const { percent, untrackedStage, currentStage } of records)
        if (percent !== 0)
          expect(untrackedStage ?? STAGES[currentStage]).toBe(reporters.get(percent));
      expect(records.at(-1)!.untrackedStage).toBeNull();
    }),
    { numRuns: cases(200) },
  );
});
