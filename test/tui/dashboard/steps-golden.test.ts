/** The screens of an operation whose stages have steps: unfolded, many, failed, folded. */
import type { Operation, Step, StepCounts } from "../../../protocol/operation.js";
import {
  ago,
  asked,
  backupDone,
  compile,
  doneStep as done,
  operation,
  release,
  step,
} from "./operations.js";
import { golden, type Scene } from "./scenes.js";

const times = (from: number, to: number | null) => ({
  startedAt: ago(from),
  finishedAt: to === null ? null : ago(to),
  resumed: false,
  seconds: to === null ? null : from - to,
});

/** A build in its second stage. */
function build(
  check: readonly Step[],
  counts: StepCounts,
  over: Partial<Operation> = {},
): Operation {
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
      screen.until(
        (text) => /● (unit .*38%|types)/.test(text) && text.includes("all files are clean"),
      ),
  },
  {
    name: "many-steps",
    set(world) {
      const steps = Array.from({ length: 44 }, (_, i) => {
        if (i !== 36) return done(`shard ${i + 1}`, 1.5);
        const ended = { finishedAt: ago(5), seconds: 1.2, reason: "not ok 37: timeout" };
        return step("shard 37", { state: "failed", startedAt: ago(6), ...ended });
      });
      const active = Array.from({ length: 8 }, (_, i) =>
        step(`shard ${45 + i}`, { startedAt: ago(3) }),
      );
      world.put(build([...steps, ...active], { total: 100, done: 43, failed: 1 }));
    },
    id: "buildaaaaaaa",
    show: ({ screen }) => screen.until(/1 failed · 8 active/),
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
              message:
                '"Check/unit" exited with 1 at build.yaml:9: npm test\nnot ok 31 - adds two numbers',
              stack: null,
            },
          },
        ),
      );
      world.log("buildaaaaaaa", {
        text: "not ok 31 - adds two numbers",
        stage: "Check",
        step: "unit",
      });
    },
    id: "buildaaaaaaa",
    show: ({ screen }) => screen.until((text) => text.split("not ok 31").length > 2),
  },
  {
    name: "folded-steps",
    set(world) {
      const chain = { id: "buildaaaaaaa", index: 0, previous: null, next: "deploybbbbbb" };
      const ended = {
        state: "succeeded",
        finishedAt: ago(9),
        percent: 100,
        progress: null,
      } as const;
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
    show: ({ screen }) => screen.until(/● eu-1/),
  },
];

const upToDate = { ...times(20, 20), reason: "up to date: 1 file, made 23:56", saved: 8 };
const question = asked("Check", ago(8), { question: "Roll out 4.2 to prod?" });

SCENES.push({
  name: "up-to-date",
  set(world) {
    const stageTimes = { Install: upToDate, Check: times(20, null) };
    const { steps: _, stepCounts: _counts, ...alone } = build([], { total: 0 });
    world.put({ ...alone, stageStates: { Install: "up-to-date", Check: "active" }, stageTimes });
  },
  id: "buildaaaaaaa",
  show: ({ screen }) => screen.until("up to date: 1 file"),
});

SCENES.push({
  name: "approval",
  set(world) {
    const { steps: _, stepCounts: _counts, ...alone } = build([], { total: 0 });
    const blocked = { reason: "approval", since: ago(8) };
    world.put({
      ...alone,
      state: "queued",
      startedAt: null,
      progress: null,
      blocked,
      approvals: [question],
    });
  },
  id: "buildaaaaaaa",
  show: ({ screen }) => screen.until("waits for you"),
});

SCENES.push({
  name: "inside",
  set(world) {
    world.put(backupDone());
    world.put(release());
    world.put(compile());
  },
  id: "releaseaaaaa",
  show: ({ screen }) => screen.until(/≥\d+%(.|\n)*Compile .*\d+%/),
});

golden(SCENES);
