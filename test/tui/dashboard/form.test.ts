/**
 * Forms: what is typed, what it means, what is wrong with it, and the shell command that says the
 * same.
 */

import { execFileSync } from "node:child_process";
import { Command } from "commander";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readWords } from "../../../ops/types/words.js";
import type { TypesReply } from "../../../protocol/replies.js";
import type { JsonSchema } from "../../../protocol/schema/json-schema.js";
import { withTrailing } from "../../../protocol/schema/parameters.js";
import {
  registerSubmit,
  type SubmitOptions,
  type SubmitWords,
} from "../../../tui/cli/submit/command.js";
import type { PageOf } from "../../../tui/dashboard/core/model.js";
import { commandOf } from "../../../tui/dashboard/core/request.js";
import { choiceAfter, fieldsOf, heldBy, shellSplit } from "../../../tui/dashboard/form/field.js";
import { type Form, firstProblem, openForm, submitOf } from "../../../tui/dashboard/form/form.js";
import { lineOf } from "../../../tui/dashboard/text/line-edit.js";
import { after, answerTo, opened, press, screenText } from "./core.js";
import { BACKUP_TYPE, SCRIPT_TYPE, SHELL_TYPE, TYPES, type } from "./types.js";

/** The form with these texts in the fields of these names; "label" is the label's. */
function filled(form: Form, texts: Record<string, string>): Form {
  const fields = form.fields.map((field) => {
    const text = texts[field.name];
    return text === undefined ? field : { ...field, line: lineOf(text) };
  });
  return { ...form, fields };
}

function readSubmit(all: string[]): SubmitWords {
  const end = all.indexOf("--");
  const [before, trailing] =
    end === -1 ? [all, undefined] : [all.slice(0, end), all.slice(end + 1)];
  const root = new Command("liveops").exitOverride().enablePositionalOptions();
  registerSubmit(root);
  let read: SubmitWords | undefined;
  root.commands[0]!.action((op: string, set: string[], options: SubmitOptions) => {
    read = { op, set, trailing, options };
  });
  root.parse(before, { from: "user" });
  return read!;
}

/** What a shell makes of the command, as `liveops submit` reads it. */
function asSubmitted(command: string, schema: JsonSchema | null) {
  const typed = execFileSync(
    "/bin/sh",
    ["-c", `for w in ${command}; do printf '%s\\0' "$w"; done`],
    {
      encoding: "utf8",
    },
  );
  const all = typed.split("\0").slice(1, -1);
  const words = readSubmit(all);
  const base =
    words.options.params === undefined ? undefined : (JSON.parse(words.options.params) as object);
  const params = readWords(schema, base, withTrailing(words.set, words.trailing));
  return { op: words.op, label: words.options.label, params };
}

const EVERYTHING = type({
  op: "everything",
  params: {
    type: "object",
    properties: {
      text: { type: "string" },
      maybe: { anyOf: [{ type: "string" }, { type: "null" }] },
      count: { type: "integer" },
      ratio: { type: "number" },
      yes: { type: "boolean" },
      mode: { type: "string", enum: ["fast", "slow"] },
      tags: { type: "array", items: { type: "string" } },
      numbers: { type: "array", items: { type: "number" } },
      deep: { type: "object", properties: { a: { type: "number" } }, additionalProperties: true },
      either: { anyOf: [{ type: "string" }, { type: "number" }] },
      args: { type: "array", items: { type: "string" } },
      "odd.name": { type: "string" },
    },
  },
});

const typedText = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .filter((text) => !/[\0\ud800-\udfff]/u.test(text));
const shellWords = fc
  .array(typedText, { maxLength: 4 })
  .map((words) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" "));
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));

const texts = fc.record(
  {
    text: typedText,
    maybe: fc.oneof(json, fc.constant("null")),
    count: fc.integer().map(String),
    ratio: fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => JSON.stringify(value)),
    yes: fc.constantFrom("true", "false"),
    mode: fc.constantFrom("fast", "slow"),
    tags: shellWords,
    numbers: fc.array(fc.integer()).map((value) => JSON.stringify(value)),
    deep: fc
      .dictionary(fc.string({ minLength: 1 }), fc.integer())
      .map((value) => JSON.stringify(value)),
    either: json,
    args: shellWords,
    "odd.name": typedText,
    label: typedText.filter((text) => text !== ""),
  },
  { requiredKeys: [] },
);

describe("the command", () => {
  test("typed in a shell, it submits what the form would", () => {
    fc.assert(
      fc.property(texts, (given) => {
        const form = filled(openForm(EVERYTHING), given);
        const root = EVERYTHING.params!;
        const expected: Record<string, unknown> = {};
        for (const field of form.fields.slice(0, -1)) {
          const held = heldBy(field, root);
          if ("value" in held) expected[field.name] = held.value;
        }
        // After `--` there is at least one word: an empty list says nothing.
        const { op, label, params } = asSubmitted(commandOf(submitOf(form), {}), root);
        expect(params).toEqual(JSON.parse(JSON.stringify(expected)));
        expect(op).toBe("everything");
        expect(label ?? "").toBe(given.label ?? "");
      }),
    );
  });

  test("says a number exactly that a bare word is refused for", () => {
    const form = filled(openForm(EVERYTHING), { ratio: "-9007199254740992" });
    const { params } = asSubmitted(commandOf(submitOf(form), {}), EVERYTHING.params!);
    expect(params).toMatchObject({ ratio: -9007199254740992 });
  });

  test("names the daemon as the dashboard was told to", () => {
    const flags = { stateDir: "/tmp/my state", socket: "/run/x.sock" };
    expect(commandOf({ kind: "retry", ids: ["k3f"], from: "-odd stage" }, flags)).toBe(
      "liveops retry --state-dir '/tmp/my state' --socket /run/x.sock k3f '--from=-odd stage'",
    );
  });

  test("of a type without a schema takes an object", () => {
    const form = filled(openForm(type({ op: "free" })), { parameters: '{"a b": [1]}' });
    expect(asSubmitted(commandOf(submitOf(form), {}), null).params).toEqual({ "a b": [1] });
  });

  test("of a type with a parameter label keeps it apart from the operation's label", () => {
    const params = {
      type: "object",
      properties: { label: { type: "string" } },
      required: ["label"],
    };
    const form = openForm(type({ op: "prints", params }));
    expect(form.fields.map(({ name }) => name)).toEqual(["label", "--label"]);
    expect(firstProblem(form)).toBe(0);
    const both = filled(form, { label: "on the box", "--label": "nightly" });
    const command = commandOf(submitOf(both), {});
    expect(command).toBe("liveops submit prints 'label=on the box' --label nightly");
    expect(asSubmitted(command, params)).toEqual({
      op: "prints",
      label: "nightly",
      params: { label: "on the box" },
    });
    expect(openForm(BACKUP_TYPE).fields.map(({ name }) => name)).toContain("label");
  });

  test("reads as one types it by hand", () => {
    const backup = filled(openForm(BACKUP_TYPE), {
      source: ".",
      target: "/tmp/b",
      keep: "3",
      exclude: "*.log tmp",
      label: "nightly",
    });
    expect(commandOf(submitOf(backup), {})).toBe(
      "liveops submit backup source=. target=/tmp/b 'exclude=*.log' exclude=tmp keep=3 --label nightly",
    );
    const shell = filled(openForm(SHELL_TYPE), { args: "make -j4 'all of it'" });
    expect(commandOf(submitOf(shell), {})).toBe("liveops submit shell -- make -j4 'all of it'");
  });
});

describe("fields", () => {
  const held = (name: string, text: string) => {
    const field = fieldsOf(EVERYTHING.params).find((each) => each.name === name)!;
    return heldBy({ ...field, line: lineOf(text) }, EVERYTHING.params!);
  };

  test.each([
    ["count", "3", { value: 3 }],
    ["count", "3.5", { problem: "takes a whole number, not 3.5" }],
    ["count", "three", { problem: 'takes a whole number, not "three"' }],
    [
      "count",
      "9007199254740993",
      { problem: "the number 9007199254740993 cannot be kept exactly; give it as text" },
    ],
    [
      "deep",
      '{"b": {"__proto__": 1}}',
      { problem: "the key b.__proto__ cannot be kept; give it another name" },
    ],
    ["ratio", "-1e3", { value: -1000 }],
    ["yes", "false", { value: false }],
    ["yes", "perhaps", { problem: 'takes true or false, not "perhaps"' }],
    ["mode", "fsat", { problem: 'takes one of fast, slow, not "fsat"' }],
    ["tags", `a 'b c' "d"`, { value: ["a", "b c", "d"] }],
    ["tags", `["a"]`, { value: ["a"] }],
    ["tags", "a 'b", { problem: "a quote is not closed" }],
    ["numbers", "[1, true]", { problem: "item 2 must be a number" }],
    ["deep", "{", { problem: 'must be JSON, such as {"name": "value"}' }],
    ["deep", '{"a": "x"}', { problem: "a must be a number" }],
    ["text", "", { unset: true }],
  ])("%s %j", (name, text, expected) => {
    expect(held(name, text)).toMatchObject(expected);
  });

  test("a form goes only when nothing is missing", () => {
    const form = openForm(BACKUP_TYPE);
    expect(firstProblem(form)).toBe(0);
    expect(firstProblem(filled(form, { source: "." }))).toBe(1);
    expect(firstProblem(filled(form, { source: ".", target: "b", keep: "0" }))).toBe(3);
    expect(firstProblem(filled(form, { source: ".", target: "b" }))).toBeNull();
  });

  test("a draft of the type stands in the form again", () => {
    const draft = filled(openForm(BACKUP_TYPE), { source: "here", label: "x" });
    expect(openForm(BACKUP_TYPE, draft).fields.map(({ line }) => line.text)).toContain("here");
  });

  test("a choice goes round, and a letter goes to its next", () => {
    const field = fieldsOf(EVERYTHING.params).find(({ name }) => name === "mode")!;
    const at = (text: string) => ({ ...field, line: lineOf(text) });
    expect(choiceAfter(at(""), " ")).toBe("fast");
    expect(choiceAfter(at("slow"), "rightArrow")).toBe("");
    expect(choiceAfter(at(""), "leftArrow")).toBe("slow");
    expect(choiceAfter(at(""), "s")).toBe("slow");
    expect(choiceAfter(at("fast"), "x")).toBeNull();
    expect(choiceAfter(at("fast"), "backspace")).toBe("");
  });
});

describe("a list in words", () => {
  test.each([
    ["echo a && ls", "&&"],
    ["cat x | wc", "|"],
    ["echo 'a && b'", null],
    ["sh -c 'echo a && ls'", null],
    ["echo a\\&\\& b", null],
  ])("%s: the operator %s of a shell is not taken for a word", (text, operator) => {
    expect(shellSplit(text)?.operator).toBe(operator);
    const form = filled(openForm(SHELL_TYPE), { args: text });
    expect(firstProblem(form)).toBe(operator === null ? null : 0);
  });

  test("an operator at the end of a word is one", () => {
    expect(shellSplit("for i in 1 2 3; do echo $i done")).toMatchObject({ operator: ";" });
    expect(shellSplit("find . -exec ls {} \\;")).toMatchObject({ operator: null });
  });

  test("what is quoted comes out of the split as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 8 })), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
        expect(shellSplit(quoted)).toEqual({ words, operator: null });
      }),
    );
  });
});

describe("the form on the screen", () => {
  const types: TypesReply = { ...TYPES, ops: [SCRIPT_TYPE] };
  const at = (text: string) => {
    const typesAt = press(after(opened([]), answerTo("types", types)), "s");
    const form = press(typesAt, "return");
    return text === "" ? form : after(form, { type: "pasted", text });
  };

  test("a pasted script goes into the field of the script, with its lines", () => {
    const state = at("for i in 1 2\ndo echo $i\ndone\n");
    const { form } = state.page as PageOf<"form">;
    expect(form.fields[form.at]!.name).toBe("script");
    expect(submitOf(form).words).toEqual(["script=for i in 1 2\ndo echo $i\ndone"]);
  });

  test("a pasted line with an operator does so too; a plain command stays in its words", () => {
    const fieldOf = (text: string) => {
      const { form } = at(text).page as PageOf<"form">;
      return form.fields[form.at]!.name;
    };
    expect(fieldOf("make && make install")).toBe("script");
    expect(fieldOf("for i in 1 2 3; do echo $i; done")).toBe("script");
    expect(fieldOf("make -j4 install")).toBe("args");
  });

  test("a tick stands only behind what the daemon takes for sure", () => {
    const params = {
      type: "object",
      properties: { sure: { type: "string" }, own: { "x-checks-more": true, type: "string" } },
    };
    const ops = [type({ op: "checks", params })];
    const form = press(after(opened([]), answerTo("types", { ...TYPES, ops })), "s", "return");
    const text = screenText(press(form, "a", "tab", "a"));
    expect(text).toMatch(/ sure +a {2}✓/);
    expect(text).toMatch(/▌own +a. {2}·/);
    expect(text).toContain("text; the daemon checks it at the submit");
  });

  test("a type stands behind the value of its field", () => {
    const rows = screenText(at("")).split("\n");
    expect(rows.find((row) => row.includes("grace"))).toMatch(/grace +8 {2}number/);
    expect(rows.find((row) => row.includes("script"))).toMatch(/script {3,9}text/);
  });

  test("a problem is told once", () => {
    const typed = press(at(""), ..."a &&");
    expect(screenText(typed).match(/no shell reads &&/g)).toHaveLength(1);
    expect(screenText(press(typed, "downArrow")).match(/no shell reads &&/g)).toHaveLength(1);
  });
});
