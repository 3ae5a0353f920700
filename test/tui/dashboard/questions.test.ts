/**
 * The question in the last row: it keeps its keys, says what it leaves out, and is the loudest row.
 */
import { describe, expect, test } from "vitest";
import type { State } from "../../../tui/dashboard/core/model.js";
import { commandOf, type Request } from "../../../tui/dashboard/core/request.js";
import { answerTo, colourTheme, opened, press, screenRows, screenText, update } from "./core.js";
import { ago, backup, backupDone, failed, operation, scanning } from "./operations.js";
import { TYPES } from "./types.js";

const bar = (state: State) => screenText(state).split("\n").at(-1)!;
const long = "Prune backups of a folder with a very long name in /var/backups/of/this/machine";
const CHAIN = { id: "pruneaaaaaaa", index: 0, previous: null, next: "prunebbbbbbb" };
const links = [
  operation({
    id: "pruneaaaaaaa",
    title: "Back up",
    chain: CHAIN,
    state: "succeeded",
    finishedAt: ago(9),
  }),
  operation({
    id: "prunebbbbbbb",
    title: long,
    state: "succeeded",
    finishedAt: ago(5),
    chain: { ...CHAIN, index: 1, previous: "pruneaaaaaaa", next: null },
  }),
];

describe.each([160, 120, 80, 60, 40])("at %i columns", (columns) => {
  const size = { columns, rows: 30 };

  test("the answers stay on the screen, whatever the names are", () => {
    const folded = press(opened(links, { size }), "x");
    expect(bar(folded)).toMatch(/⏎ all .*o only .*n no/);
    const one = press(opened([{ ...failed(), label: long }], { size }), "x");
    expect(bar(one)).toMatch(/^ Remove .*⏎ yes {2}n no/);
  });
});

test("marked rows that the question leaves out are counted", () => {
  const all = opened([backup(), scanning(), failed(), backupDone({ id: "doneaaaaaaaa" })], {
    size: { columns: 160, rows: 30 },
  });
  const marked = press(all, " ", " ", " ", "x");
  expect(marked.list.marked.size).toBe(3);
  expect(bar(marked)).toContain("2 marked left out: still running");
});

test("a retry is a question of its own: ⏎ and y send it, n says that nothing was done, and it leaves out what cannot be retried", () => {
  const all = opened([backup(), failed()], { size: { columns: 160, rows: 30 } });
  const asked = press(all, "j", "R");
  expect(bar(asked)).toMatch(/^ Retry Fails at an item\? {2}⏎ yes {2}p change {2}n no/);
  for (const yes of ["return", "y"])
    expect(press(asked, yes).request).toEqual({ kind: "retry", ids: [failed().id] });
  const left = press(asked, "n");
  expect(left).toMatchObject({ question: null, request: null });
  expect(left.notice?.text).toBe("retry: nothing was done");
  const known = update(asked, answerTo("types", TYPES));
  expect(bar(known)).toContain(
    "Retry Fails at an item? Runs from the start.  ⏎ yes  p change  n no",
  );
  const marked = press(all, " ", " ", "R");
  expect(bar(marked)).toContain("1 marked left out: not failed or cancelled");
});

test("the question is highlighted over the whole row", () => {
  const state = press(opened([backup()], { size: { columns: 100, rows: 30 } }), "c");
  const row = screenRows(state, colourTheme()).at(-1)!;
  expect(
    row
      .split("\x1b[27m")
      .at(-1)!
      .replace(/\x1b\[[\d;]*m/g, ""),
  ).toBe("");
  expect(row.startsWith("\x1b")).toBe(true);
});

describe("a retry by a form", () => {
  const record = failed({
    op: "backup",
    params: { source: "/a", target: "/b" },
    stages: ["Scan", "Archive", "Verify"],
    stageStates: { Scan: "done", Archive: "failed" },
  });
  const type = { ...TYPES.ops.find(({ op }) => op === "backup")!, resumable: true };
  const size = { columns: 120, rows: 30 };
  const form = (more: object = {}) =>
    update(opened([record], { size }), {
      type: "form-ready",
      operation: record,
      operationType: type,
      ...more,
      retries: true,
    });
  const toKeep = Array<string>(Object.keys(type.params!.properties as object).indexOf("keep")).fill(
    "tab",
  );
  const withKeep = (keep: number) => ({ ...record, params: { ...record.params, keep } });
  const sent = (state: State) => {
    const pressed = { input: "s", ctrl: true };
    return update(state, { type: "pressed", pressed }).request as Extract<
      Request,
      { kind: "submit" }
    >;
  };

  test("p of the question opens it, with the parameters and a field for what was done by hand", () => {
    const asked = press(opened([record], { size }), "R");
    expect(bar(asked)).toContain("p change");
    expect(press(asked, "p").question).toBeNull();
    const text = screenText(form());
    expect(text).toContain("Retry backup");
    expect(text).toContain("done by hand");
    expect(text).toContain(`$ liveops retry ${record.id}\n`.trim());
    expect(text).not.toContain("run again");
    expect(sent(form())).toMatchObject({
      of: { does: "retry", id: record.id },
      words: [],
      done: [],
      repeats: null,
    });
  });

  test("a default that is written changes nothing, and one that is left out neither", () => {
    const typed = press(form(), ...toKeep, "7");
    expect(sent(typed)).toMatchObject({ params: record.params, words: [], repeats: null });
    const cleared = press(form({ operation: withKeep(7) }), ...toKeep, "backspace");
    expect(sent(cleared)).toMatchObject({ params: withKeep(7).params, words: [], repeats: null });
  });

  test("the command names the default of a cleared field", () => {
    const request = sent(press(form({ operation: withKeep(9) }), ...toKeep, "backspace"));
    expect(request).toMatchObject({ params: record.params, words: ["keep=7"] });
    expect(request.repeats).toBe("Scan runs again: the parameter keep changed");
  });

  test("the command has all parameters where words cannot tell the change", () => {
    const names = Object.keys(type.params!.properties as object);
    const toLimits = Array<string>(names.indexOf("limits")).fill("tab");
    const limited = { ...record, params: { ...record.params, limits: { cpu: 1 } } };
    const cleared = press(
      form({ operation: limited }),
      ...toLimits,
      ...Array<string>(20).fill("backspace"),
    );
    const request = sent(cleared);
    expect(commandOf(request, {})).toBe(
      `liveops retry ${record.id} --params '${JSON.stringify(record.params)}'`,
    );
  });

  test("of a pipeline file has the parameters of the file, and a command that does the same", () => {
    const file = { text: "params: { region: us }", path: "/srv/release.yaml" };
    const params = {
      type: "object",
      properties: {
        region: { type: "string", enum: ["us", "eu"], default: "us" },
        who: { type: "string" },
      },
    };
    const its = { ...record, op: file.path, params: { who: "ada" } };
    const filled = form({
      operation: its,
      operationType: { ...type, op: file.path, params },
      file,
    });
    const request = sent(press(filled, "tab", "!"));
    expect(request).toMatchObject({ params: { who: "ada!" }, file, words: ["who=ada!"] });
    expect(commandOf(request, {})).toBe(`liveops retry ${record.id} 'who=ada!'`);
    expect(screenText(press(filled, "tab", "!"))).toContain(
      "Scan runs again: the parameter who changed",
    );
  });

  test("a changed parameter names the stages that run again, before the retry and after it", () => {
    const changed = press(form(), "2");
    expect(screenText(changed)).toContain("Scan runs again: the parameter source changed");
    const request = sent(changed);
    expect(request).toMatchObject({
      params: { source: "/a2", target: "/b" },
      words: ["source=/a2"],
    });
    const done = update(changed, { type: "answered", request, operations: [record] });
    expect(done.notice?.text).toBe("queued again; Scan runs again: the parameter source changed");
  });

  test("a stage done by hand takes its outputs with it", () => {
    const fields = form().page as { form: { fields: readonly unknown[] } };
    const at = fields.form.fields.length - 1;
    const there = press(form(), ...Array<string>(at).fill("tab"));
    const typed = press(there, ...Array.from("Archive size='2 MB' Verify/one"));
    const request = sent(typed);
    expect(request.done).toEqual([
      { stage: "Archive", outputs: { size: "2 MB" } },
      { stage: "Verify/one" },
    ]);
    expect(commandOf(request, {})).toBe(
      `liveops retry ${record.id} --done Archive --output 'size=2 MB' --done Verify/one`,
    );
    const refused = update(typed, {
      type: "refused",
      request,
      message: '"Archive" has no output "size"',
    });
    expect(screenText(refused)).toContain('"Archive" has no output "size"');
  });
});
