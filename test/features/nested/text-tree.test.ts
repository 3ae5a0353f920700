/** Text mode of operations inside of others: one stream, on which each line tells its place. */
import { expect, it } from "vitest";
import type { Client } from "../../../protocol/client/client.js";
import { Refusal } from "../../../protocol/errors.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import { followTree } from "../../../tui/features/nested/follow-tree.js";
import { TextTree } from "../../../tui/features/nested/text-tree.js";
import { Story } from "../../harness/records.js";

const OUTER = "outer0000000";
const INNER = "inner0000000";

const began = { type: "child:began", op: "build", title: "Build it" } as const;
const status = (text: string, step?: string) =>
  ({ type: "status:changed", status: { text, level: "info" }, ...(step && { step }) }) as const;

const child = (id = INNER) =>
  new Story({ id, stages: ["Compile"], title: "Build it" }).started().entered("Compile", 0);

/** Takes the lines of the stories in the given order. */
function printed(told: Array<[id: string, lines: EventLine[]]>): string[] {
  const tree = new TextTree();
  return told.flatMap(([id, lines]) =>
    lines.flatMap((line) =>
      tree.take(id, line).flatMap((each) => {
        if (each.to === "bar")
          return each.view === null ? [] : [`bar ${each.view.stage} ${each.view.percent}`];
        return [`${each.step === undefined ? "" : `[${each.step}] `}${each.text}`];
      }),
    ),
  );
}

it("puts the place before the stages of an operation inside of a stage", () => {
  const outer = new Story({ id: OUTER, stages: ["Build"] }).started().entered("Build", 0);
  const before = outer.event({ ...began, stage: "Build", child: INNER }).lines.splice(0);
  const inner = child().log("cc main.c").finished("succeeded", { image: "x" });
  const after = outer.left("Build", 0).finished("succeeded", { image: "y" });
  expect(
    printed([
      [OUTER, before],
      [INNER, inner.lines],
      [OUTER, after.lines],
    ]),
  ).toEqual(["=== [1/1] Build ===", "=== [1/1] Build › Compile ===", "cc main.c", "image=y"]);
});

it("does not repeat the last lines of a program that failed inside", () => {
  const outer = new Story({ id: OUTER, stages: ["Build"] }).started().entered("Build", 0);
  const before = outer.event({ ...began, stage: "Build", child: INNER }).lines.splice(0);
  const error = {
    code: "LIVEOPS_EXCEPTION",
    message: "Build › Compile: cc exited with 1\nno main",
    stack: "",
  };
  outer.finished("failed", null, null, error);
  const told: Array<[string, EventLine[]]> = [
    [OUTER, before],
    [INNER, child().log("no main", "stderr").finished("failed").lines],
    [OUTER, outer.lines],
  ];
  expect(printed(told).slice(2)).toEqual(["no main", "failed: Build › Compile: cc exited with 1"]);
});

it("shows the status and the bar of the operation once, and those of the code beside it", () => {
  const outer = new Story({ id: OUTER, stages: ["Build"] }).started().entered("Build", 0);
  outer.event({ ...began, stage: "Build", child: INNER }).event(status("waits for a slot of gpu"));
  const before = outer.lines.splice(0);
  const progress = { done: 40, total: 100, label: null, rate: null, etaSeconds: null };
  const inner = child().event({ type: "progress:changed", percent: 40, progress: null });
  outer.event(status("Compile")).event(status("Compile: linking")).event(status("pushing"));
  outer.event({ type: "progress:changed", percent: 40, progress: { ...progress, unit: "%" } });
  outer.event({ type: "progress:changed", percent: 10, progress: { ...progress, unit: "files" } });
  expect(
    printed([
      [OUTER, before],
      [INNER, inner.lines],
      [OUTER, outer.lines],
    ]).slice(1),
  ).toEqual([
    "waits for a slot of gpu",
    "=== [1/1] Build › Compile ===",
    "bar Build › Compile 40",
    "pushing",
    "bar Build 10",
  ]);
});

it("names the step of an operation side by side with others, and no bar", () => {
  const outer = new Story({ id: OUTER, stages: ["Test"] }).started().entered("Test", 0);
  outer.event({ ...began, stage: "Test", step: "arm", child: INNER });
  outer.event({ ...began, stage: "Test", step: "x86", child: "other0000000" });
  const inner = child()
    .log("arm works")
    .event({ type: "progress:changed", percent: 4, progress: null });
  const other = child("other0000000").log("x86 works").finished("failed");
  expect(
    printed([
      [OUTER, outer.lines],
      [INNER, inner.lines],
      ["other0000000", other.lines],
      [
        OUTER,
        new Story().event(status("Compile", "arm")).event(status("own", "arm")).lines.slice(1),
      ],
    ]).slice(1),
  ).toEqual([
    "=== [1/1] Test › arm › Compile ===",
    "[arm] arm works",
    "=== [1/1] Test › x86 › Compile ===",
    "[x86] x86 works",
    "[arm] own",
  ]);
});

/** A daemon that has these events. */
function daemonWith(events: Record<string, EventLine[]>): Pick<Client, "events"> {
  return {
    events: async function* (id, { after = 0 } = {}) {
      const its = events[id];
      if (its === undefined) throw new Refusal("LIVEOPS_NO_SUCH_OPERATION", `no operation ${id}`);
      for (const line of its) if (line.type === "end" || line.seq >= after) yield line;
    } as Client["events"],
  };
}

const ALL = { isBeginning: () => true };

async function followed(events: Record<string, EventLine[]>): Promise<string[]> {
  const lines: string[] = [];
  for await (const { id, line, isInside } of followTree(daemonWith(events), OUTER, ALL))
    if (line.type !== "attempt:started")
      lines.push(`${isInside ? "inside" : "outer"} ${id} ${line.type}`);
  return lines;
}

it("follows an operation and its chain, before the end of the stage in which it ran", async () => {
  const outer = new Story({ id: OUTER, stages: ["Build"] }).entered("Build", 0);
  outer
    .event({ ...began, stage: "Build", child: INNER })
    .left("Build", 0)
    .finished("succeeded");
  const inner = new Story({ id: INNER, stages: [] }).finished("succeeded", null, "next00000000");
  const next = new Story({ id: "next00000000", stages: [] }).finished("succeeded");
  expect(
    await followed({ [OUTER]: outer.lines, [INNER]: inner.lines, next00000000: next.lines }),
  ).toEqual([
    `outer ${OUTER} operation:submitted`,
    `outer ${OUTER} stage:entered`,
    `outer ${OUTER} child:began`,
    `inside ${INNER} operation:submitted`,
    `inside ${INNER} operation:finished`,
    `inside ${INNER} end`,
    "inside next00000000 operation:submitted",
    "inside next00000000 operation:finished",
    "inside next00000000 end",
    `outer ${OUTER} stage:left`,
    `outer ${OUTER} operation:finished`,
    `outer ${OUTER} end`,
  ]);
});

it("tells what ran in an earlier attempt once, and goes on without one that was removed", async () => {
  const outer = new Story({ id: OUTER, stages: ["Build"] }).entered("Build", 0);
  outer
    .event({ ...began, stage: "Build", child: INNER })
    .left("Build", 0, "failed")
    .started(2);
  outer.entered("Build", 0).event({ ...began, stage: "Build", child: INNER });
  outer
    .event({ ...began, stage: "Build", child: "removed00000" })
    .left("Build", 0)
    .finished("succeeded");
  const inner = new Story({ id: INNER, stages: [] }).finished("succeeded");
  const lines = await followed({ [OUTER]: outer.lines, [INNER]: inner.lines });
  expect(lines.filter((line) => line.startsWith(`inside ${INNER} operation`))).toEqual([
    `inside ${INNER} operation:submitted`,
    `inside ${INNER} operation:finished`,
  ]);
  expect(lines.at(-1)).toBe(`outer ${OUTER} end`);
});

it("marks the lines before the first attempt to show, also those of an operation inside that goes on", async () => {
  const later = "2026-01-02T03:05:00.000Z";
  const inner = new Story({ id: INNER, stages: [] }).finished("failed");
  inner
    .event({ type: "operation:retried", from: null, at: later })
    .event({ type: "attempt:started", at: later });
  const outer = new Story({ id: OUTER, stages: ["Build"] });
  outer.event({ ...began, stage: "Build", child: INNER }).finished("failed");
  outer.event({ type: "operation:retried", from: null, at: later });
  outer.event({ ...began, stage: "Build", child: INNER, at: later }).left("Build", 0);
  const events = daemonWith({ [OUTER]: outer.lines, [INNER]: inner.lines });
  const shown: string[] = [];
  const options = { isBeginning: ({ type }: EventLine) => type === "operation:retried" };
  for await (const { line, isPast } of followTree(events, OUTER, options))
    if (!isPast) shown.push(line.type);
  expect(shown).toEqual([
    "operation:retried",
    "child:began",
    "end",
    "operation:retried",
    "attempt:started",
    "stage:left",
  ]);
});

it("goes on after a step while the operation of another step runs", async () => {
  const outer = new Story({ id: OUTER, stages: ["Test"] }).entered("Test", 0);
  outer.event({ ...began, stage: "Test", step: "arm", child: INNER });
  outer.event({ ...began, stage: "Test", step: "x86", child: "other0000000" });
  outer.event({
    type: "step:finished",
    stage: "Test",
    step: "arm",
    state: "done",
    seconds: 1,
    resumed: false,
  });
  const later = outer.log("lint is clean").left("Test", 0).finished("succeeded");
  const inner = new Story({ id: INNER, stages: [] }).finished("succeeded");
  const other = new Story({ id: "other0000000", stages: [] }).finished("succeeded");
  const told = Promise.withResolvers<void>();
  const events = daemonWith({
    [OUTER]: later.lines,
    [INNER]: inner.lines,
    other0000000: other.lines,
  });
  const client: Pick<Client, "events"> = {
    events: async function* (id, ...rest) {
      if (id === "other0000000") await told.promise;
      yield* events.events(id, ...rest);
    } as Client["events"],
  };
  const types: string[] = [];
  for await (const { line } of followTree(client, OUTER, ALL)) {
    types.push(line.type);
    if (line.type === "log:line") told.resolve();
  }
  expect(types.indexOf("log:line")).toBeLessThan(types.indexOf("stage:left"));
}, 5000);
