/** Operations inside of others: folded in the list, rows below a stage, and the way in and out. */
import { expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { isExact, parseFilter, queryOf } from "../../../tui/dashboard/core/list/listing.js";
import { waitingOf } from "../../../tui/dashboard/core/list/waiting.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { act, after, answerTo, changed, opened, press, put, screenText, wanted } from "./core.js";
import { ago, compile, operation, release, step } from "./operations.js";

const SIZE = { columns: 160, rows: 50 };
const INNER = { id: "compilebbbbb", attempt: 1, stage: "Compile", occurrence: 1, call: 1 };

const inner = (over: Partial<Operation> = {}) =>
  operation({
    id: "innercccccc1",
    title: "Inner",
    stages: ["Parse", "Emit"],
    state: "running",
    currentStage: 0,
    stageStates: { Parse: "active" },
    stageTimes: { Parse: { startedAt: ago(3), finishedAt: null, resumed: false, seconds: null } },
    createdAt: ago(3),
    startedAt: ago(3),
    parent: INNER,
    ...over,
  });

const open = (operations: readonly Operation[]) => opened(operations, { size: SIZE, id: null });

/** The names of the rows of stages, with their indent and sign. */
function rowsOf(state: State): string[] {
  const text = screenText(state);
  return [...text.matchAll(/│ {3}( *[✓●○✗⊘] [A-Za-z][\w ]*?)(?= {2,}|╌|━)/g)].map(
    ([, row]) => row!,
  );
}

test("the list has one row for an operation and what runs inside of it, down to the innermost", () => {
  const state = open([release(), compile(), inner()]);
  expect(state.list.order).toEqual(["releaseaaaaa"]);
  expect(screenText(state)).toContain(" › Parse 1/2 ");
  const two = after(
    open([release(), compile()]),
    put(compile({ id: "compileddddd", createdAt: ago(20) })),
  );
  expect(screenText(two)).toContain(" › Compile +1 1/2 ");
  const done = after(state, changed("compilebbbbb", { state: "succeeded" }));
  expect(screenText(done)).not.toContain("›");
});

test("a filter by the queue or the id finds what runs inside of an operation", () => {
  const state = open([release(), compile({ queue: "gpu" })]);
  const filtered = (text: string) => press(state, "/", ...text, "return");
  expect(filtered("queue:gpu").list.order).toEqual(["compilebbbbb"]);
  expect(filtered("id:comp").list.order).toEqual(["compilebbbbb"]);
  expect(filtered("shop").list.order).toEqual([]);
  expect(queryOf(parseFilter("release"))).toEqual({ q: "release", parent: "none" });
  expect(queryOf(parseFilter("queue:gpu"))).toEqual({});
  expect(isExact(parseFilter("release"))).toBe(true);
});

test("its stages are rows below the stage that waits for it, those of the inner one below them", () => {
  expect(rowsOf(open([release(), compile(), inner()]))).toEqual([
    "● Build",
    "  ✓ Fetch",
    "  ● Compile",
    "    ● Parse",
    "    ○ Emit",
    "  ○ Pack",
    "○ Deploy",
  ]);
});

test("of several operations in a stage each has a row, of one in a step the step is its row", () => {
  const other = compile({
    id: "otherddddddd",
    title: "Other",
    state: "succeeded",
    createdAt: ago(60),
  });
  expect(rowsOf(open([release(), compile(), other]))).toEqual([
    "● Build",
    "  ✓ Other",
    "  ● Build the shop",
    "    ✓ Fetch",
    "    ● Compile",
    "    ○ Pack",
    "○ Deploy",
  ]);
  const steps = { steps: { Build: [step("web")] }, stepCounts: { Build: { total: 1 } } };
  const web = compile({ parent: { ...compile().parent!, step: "web" } });
  expect(rowsOf(open([release(steps), web])).slice(0, 3)).toEqual([
    "● Build",
    "  ● web",
    "    ✓ Fetch",
  ]);
  const done = { ...web, state: "succeeded" } as const;
  expect(rowsOf(open([release(steps), done]))).toEqual(["● Build", "  ● web", "○ Deploy"]);
});

test("enter opens what runs inside, escape leads back; the others of the stage are reached by name", () => {
  const other = compile({ id: "otherddddddd", state: "succeeded", createdAt: ago(60) });
  let state = open([release(), compile(), other, inner()]);
  state = press(state, "return");
  expect([state.selected, state.pane]).toEqual(["releaseaaaaa", "detail"]);
  state = press(state, "return");
  expect(state.selected).toBe("compilebbbbb");
  expect(screenText(state)).toContain("● Build the shop in Release 4.2 › Build ");
  expect(act(state, "link-previous").selected).toBe("otherddddddd");
  expect(act(state, "link-previous", "link-next").selected).toBe("compilebbbbb");
  state = press(state, "return");
  expect(screenText(state)).toContain("● Inner in Release 4.2 › Build › Compile ");
  state = press(state, "escape", "leftArrow");
  expect([state.selected, state.pane]).toEqual(["releaseaaaaa", "detail"]);
  expect(press(state, "escape").pane).toBe("list");
});

test("those that ended are asked for, and the operation around one that was opened by its id", () => {
  const state = open([release()]);
  expect(wanted(state, "inside")).toEqual({ parent: "releaseaaaaa" });
  const failed = compile({ state: "failed", stageStates: { Fetch: "done", Compile: "failed" } });
  const ended = release({ state: "failed", stageStates: { Build: "failed" }, waitsFor: null });
  const known = after(state, put(ended), answerTo("inside", [failed], { parent: "releaseaaaaa" }));
  expect(rowsOf(known)).toEqual(["✗ Build", "  ✓ Fetch", "  ✗ Compile", "  ○ Pack", "○ Deploy"]);
  const alone = act(
    open([compile({ parent: { ...compile().parent!, id: "goneeeeeeeee" } })]),
    "switch",
  );
  expect(alone.list.order).toEqual([]);
});

test("neither its start nor its failure is told: the operation around it tells them", () => {
  const state = open([release()]);
  const began = after(state, put(compile()));
  expect([began.notice, began.selected]).toEqual([null, "releaseaaaaa"]);
  const failed = after(began, changed("compilebbbbb", { state: "failed" }));
  expect([failed.notice, waitingOf(failed)]).toEqual([null, []]);
  const asks = after(
    began,
    changed("compilebbbbb", {
      waitingForInput: { prompt: "Key?", echo: true, number: 1, since: ago(0) },
    }),
  );
  expect(waitingOf(asks)).toMatchObject([{ kind: "input", operation: { id: "compilebbbbb" } }]);
});
