/** `liveops/testing`: one attempt in this process. */
import { LiveOperation, type Progress, z } from "liveops";
import { expect, expectTypeOf, it } from "vitest";
import { runOperation } from "../../../ops/features/testing/index.js";

class Import extends LiveOperation<typeof Import> {
  static stages = ["Load", "Save"] as const;
  static params = z.object({
    rows: z.number().min(1).default(2),
    fail: z.boolean().default(false),
  });
  static resultText = (result: { rows: number }) => `${result.rows} rows`;

  async run(p: Progress<Import>) {
    await p.stage("Load", () => {
      for (let row = 0; row < this.params.rows; row++) p.log(`row ${row}`);
    });
    await p.stage("Save", () => {
      if (this.params.fail) throw new Error("it broke");
    });
    p.result({ rows: this.params.rows });
    p.chainTo(Import, { fail: true });
  }
}

it("gives the outcome, the events and the lines; the chain does not go on", async () => {
  const run = await runOperation(Import);
  expectTypeOf(run.result).toEqualTypeOf<{ rows: number }>();
  const { events, ...outcome } = run;
  expect(outcome).toEqual({
    state: "succeeded",
    result: { rows: 2 },
    error: null,
    log: ["row 0", "row 1"],
  });
  const entered = events.flatMap((event) => (event.type === "stage:entered" ? [event.stage] : []));
  expect(entered).toEqual(["Load", "Save"]);
  expect(events[0]).toMatchObject({ type: "operation:submitted" });
  expect(events.at(-1)).toMatchObject({ type: "operation:finished", state: "succeeded" });
});

it("fails with the error of the operation", async () => {
  const run = await runOperation(Import, { fail: true });
  expect(run).toMatchObject({ state: "failed", result: null, error: { message: "it broke" } });
});

it("rejects parameters that the schema refuses, with every problem", async () => {
  const refused = expect(runOperation(Import, { rows: 0, fail: "perhaps" as never })).rejects;
  await refused.toMatchObject({ code: "LIVEOPS_PARAMS_INVALID" });
  await refused.toThrow(/rows takes at least 1, not 0\nfail takes true or false, not "perhaps"/);
  await expect(runOperation(class {} as never, {} as never)).rejects.toThrow(
    "takes an operation type",
  );
});

it("runs operations inside of it, given by their class", async () => {
  class Inner extends LiveOperation {
    run(p: Progress) {
      p.log("inside");
    }
  }
  class Outer extends LiveOperation {
    async run(p: Progress) {
      await p.operation(Inner, {});
      await p.operation("import", {});
    }
  }
  const run = await runOperation(Outer);
  expect(run.error?.message).toContain("pass the class");
  expect(run.events.map(({ type }) => type)).toContain("child:began");
  expect(run.log).toEqual([]);
});
