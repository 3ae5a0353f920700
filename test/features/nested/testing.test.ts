/** `p.operation` where the operations run in one process. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LiveOperation, type Progress, z } from "liveops";
import { expect, expectTypeOf, it } from "vitest";
import { useDirectories } from "../../harness/temporary.js";
import { FakeClock, loadPipeline, runOperation, startOperation } from "../../harness/testing/index.js";

const directory = useDirectories();

class Compile extends LiveOperation<typeof Compile> {
  static stages = ["Make"] as const;
  static params = z.object({ target: z.string(), at: z.date().optional() });
  static resultText = (result: { image: string }) => result.image;
  async run(p: Progress<Compile>) {
    await p.stage("Make", () => {
      console.log(`made for ${this.params.target}`);
      if (this.params.target === "none") throw new Error("no rule");
    });
    p.result({ image: `${this.params.target}.img` });
  }
}

class Build extends LiveOperation<typeof Build> {
  static stages = ["Compile"] as const;
  static params = z.object({ target: z.string().default("arm") });
  async run(p: Progress<Build>) {
    const { target } = this.params;
    const made = await p.stage("Compile", () => p.operation(Compile, { target, at: new Date(0) }));
    expectTypeOf(made).toEqualTypeOf<{ image: string }>();
    // @ts-expect-error - a parameter is missing
    const wrong = () => p.operation(Compile, {});
    expect(wrong).toBeTypeOf("function");
    console.log("built");
    p.result(made);
  }
}

it("runs operations inside of the one under test, and tells of each apart", async () => {
  const run = await runOperation(Build);
  expect(run).toMatchObject({ state: "succeeded", result: { image: "arm.img" } });
  expect(run.texts()).toEqual(["built"]);
  expect(run.events.map(({ type }) => type)).toContain("child:began");
  const [child] = run.children;
  expect(child).toMatchObject({
    op: "compile",
    type: Compile,
    state: "succeeded",
    result: { image: "arm.img" },
  });
  expect(child!.texts()).toEqual(["made for arm"]);
  expect(child!.record.parent).toMatchObject({ id: run.id, stage: "Compile" });
});

it("fails with the error of the operation, and its place", async () => {
  const run = await runOperation(Build, { target: "none" });
  expect(run.error?.message).toBe("Compile › Make: no rule");
  expect(run.children.map(({ state }) => state)).toEqual(["failed"]);
});

it("cancels the operation inside with the one under test", async () => {
  const clock = new FakeClock();
  class Sleeps extends LiveOperation {
    async run(p: Progress) {
      await new Promise((_, reject) => p.signal.addEventListener("abort", () => reject(p.signal.reason)));
    }
  }
  class Waits extends LiveOperation {
    static stages = ["Wait"];
    async run(p: Progress) {
      await p.stage("Wait", () => p.operation(Sleeps));
    }
  }
  await using run = startOperation(Waits, {}, { clock });
  await run.untilEvent("child:began");
  await clock.advance(2000);
  const ended = await run.cancel();
  expect(ended.state).toBe("cancelled");
  expect(ended.stages[0]!.seconds).toBe(2);
  expect(ended.children[0]).toMatchObject({ state: "cancelled" });
});

it("runs the operations of a pipeline file", async () => {
  const dir = directory();
  const main = join(dir, "main.yaml");
  writeFileSync(
    main,
    "stages: [{ name: Build, op: ./build.yaml }, { name: Ship, queue: slow, run: echo shipped }]",
  );
  writeFileSync(join(dir, "build.yaml"), "stages: [{ name: Compile, run: echo compiled }]");
  const run = await runOperation(await loadPipeline(main));
  expect(run.error).toBeNull();
  expect(run.children.map((child) => child.texts("stdout"))).toEqual([["compiled"], ["shipped"]]);
});
