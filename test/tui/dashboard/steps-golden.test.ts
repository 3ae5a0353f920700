/** The screens of an operation whose stages have steps: unfolded, many, failed, folded. */
import type { Operation, Step, StepCounts } from "../../../protocol/operation.js";
import { ago, backupDone, compile, doneStep as done, operation, release, step } from "./operations.js";
import { golden, type Scene } from "./scenes.js";

const times = (from: number, to: number | null) => ({
  startedAt: ago(from),
  finishedAt: to === null ? null : ago(to),
  resumed: false,
  seconds: to === null ? null : from - to,
});

/** A build in its second stage. */
function build(check: readonly Step[], counts: StepCounts, over: Partial<Operation> = {}): Operation {
  return operation({
    id: "buildaaaaaaa",
    op: "build",
    title: "Build",
    label: "build main",
    cwd: "/home/ada/shop",
    stages: ["Install", "Check", "Ship"],
    state: "running",
    currentStage: 1,
    stageStates: { Install: "done", Check: "active" },
    stageTimes: { Install: times(20, 12), Check: times(12, null) },
    percent: 45,
    createdAt: ago(20),
    startedAt: ago(20),
    progress: { done: 1, total: 3, unit: "steps", label: null, rate: null, etaSeconds: null },
    steps: { Check: [...check] },
    stepCounts: { Check: counts },
    ...over,
  });
}

const failedCheck = [
  done("lint"),
  step("unit", {
    state: "failed",
    finishedAt: ago(3),
    seconds: 9.1,
    exitCode: 1,
    reason: '"Check/unit" exited with 1 at build.yaml:9: npm test',
  }),
  step("types", {
    state: "ended",
    finishedAt: ago(3),
    seconds: 9,
    reason: 'the step "unit" failed',
  }),
];

const SCENES: Scene[] = [
  {
    name: "steps",
    set(world) {
      const unit = step("unit", {
        percent: 38,
        progress: { done: 38, total: 100, unit: "test", label: null, rate: 3, etaSeconds: 20 },
        status: { text: "test/orders.test.ts", level: "info" },
      });
      world.put(build([done("lint"), unit, step("types")], { total: 3, done: 1 }));
      for (const text of ["checking 412 files", "src/orders.ts", "src/prices.ts"])
        world.log("buildaaaaaaa", { text, stage: "Check", step: "types" });
      world.log("buildaaaaaaa", { text: "all files are clean", stage: "Check", step: "lint" });
    },
    id: "buildaaaaaaa",
    show: ({ screen }) =>
      screen.until((text) => /● (unit .*38%|types)/.test(text) && text.includes("all files are clean")),
  },
  {
    name: "many-steps",
    set(world) {
      const active = Array.from({ length: 8 }, (_, i) =>
        step(`photo-${101 + i}.raw`, {
          startedAt: ago(8 - i),
          percent: 12 * i,
          status: { text: `row ${i * 90}`, level: "info" },
        }),
      );
      const before = Array.from({ length: 100 }, (_, i) => done(`photo-${i + 1}.raw`, 1.5));
      world.put(build([...before, ...active], { total: 200, done: 100 }));
    },
    id: "buildaaaaaaa",
    show: ({ screen }) => screen.until(/48% {2}running(.|\n)*92 wait/),
  },
  {
    name: "failed-step",
    set(world) {
      world.put(
        build(
          failedCheck,
          { total: 3, done: 1, failed: 1, ended: 1 },
          {
            state: "failed",
            finishedAt: ago(3),
            progress: null,
            percent: 33,
            stageStates: { Install: "done", Check: "failed" },
            stageTimes: { Install: times(20, 12), Check: times(12, 3) },
            error: {
              code: "LIVEOPS_EXCEPTION",
              message: '"Check/unit" exited with 1 at build.yaml:9: npm test\nnot ok 31 - adds two numbers',
              stack: null,
            },
          },
        ),
      );
      world.log("buildaaaaaaa", { text: "not ok 31 - adds two numbers", stage: "Check", step: "unit" });
    },
    id: "buildaaaaaaa",
    show: ({ screen }) => screen.until((text) => text.split("not ok 31").length > 2),
  },
  {
    name: "folded-steps",
    set(world) {
      const chain = { id: "buildaaaaaaa", index: 0, previous: null, next: "deploybbbbbb" };
      const ended = { state: "succeeded", finishedAt: ago(9), percent: 100, progress: null } as const;
      world.put(
        build(
          [done("lint"), done("unit"), done("types")],
          { total: 3, done: 3 },
          {
            ...ended,
            currentStage: 2,
            chain,
            stageStates: { Install: "done", Check: "done", Ship: "done" },
            stageTimes: { Install: times(20, 15), Check: times(15, 11), Ship: times(11, 9) },
          },
        ),
      );
      world.put(
        operation({
          id: "deploybbbbbb",
          op: "deploy",
          title: "Deploy",
          state: "running",
          currentStage: 2,
          stages: ["Copy", "Upload", "Switch"],
          stageStates: { Copy: "done", Upload: "done", Switch: "active" },
          stageTimes: { Copy: times(9, 7), Upload: times(7, 4), Switch: times(4, null) },
          createdAt: ago(9),
          startedAt: ago(9),
          chain: { ...chain, index: 1, previous: "buildaaaaaaa", next: null },
          steps: {
            Copy: [done("a"), done("b")],
            Upload: [done("eu-1"), done("us-1")],
            Switch: [step("eu-1")],
          },
          stepCounts: {
            Copy: { total: 2, done: 2 },
            Upload: { total: 40, done: 38, skipped: 2 },
            Switch: { total: 1 },
          },
        }),
      );
    },
    id: "deploybbbbbb",
    show: ({ screen }) => screen.until(/≥83% {2}running(.|\n)*● eu-1/),
  },
];

SCENES.push({
  name: "inside",
  set(world) {
    world.put(backupDone());
    world.put(release());
    world.put(compile());
  },
  id: "releaseaaaaa",
  show: ({ screen }) => screen.until(/23%(.|\n)*Compile .*40%/),
});

golden(SCENES);
