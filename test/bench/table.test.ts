/** The text of a benchmark row, and that a run replaces only its own rows in the document. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Run, writeDocument } from "../../bench/harness/document.js";
import { isMet, type Row, row as rowOf } from "../../bench/harness/rows.js";
import { cells } from "../../bench/harness/table.js";
import { useDirectories } from "../harness/temporary.js";

const directory = useDirectories();
const row = (name: string, ours: number[], theirs: number[]): Row =>
  rowOf({ name, unit: "ms", ours, beside: { what: "other", samples: theirs }, goal: "≤ 2 ×" });

describe("a row", () => {
  test("is the median of the rounds' ratios, with their quartiles", () => {
    expect(row("a", [10, 20, 30], [10, 10, 20])).toMatchObject({
      ours: 20,
      reference: { what: "other", value: 10 },
      ratio: 1.5,
      spread: [1, 2],
    });
  });

  test.each([
    ["at its limit it is met", row("a", [20], [10]), true],
    ["over it, it is not", row("a", [21], [10]), false],
    ["without figures it is not", row("a", [], []), false],
    ["what could not be measured is not", { name: "a", absent: "redis-server is not there" }, false],
    ["a figure is held to a goal without a ratio", { ...row("a", [3], [1]), goal: "≥ 3 ms" }, true],
    ["without a goal there is nothing to meet", { ...row("a", [1], [1]), goal: null }, null],
  ])("%s", (_what, each, met) => {
    expect(isMet(each)).toBe(met);
  });

  test("what could not be measured says so in the table, and why", () => {
    expect(cells({ name: "a", absent: "redis-server is not there" })).toEqual(
      expect.arrayContaining(["not measured", "redis-server is not there"]),
    );
  });
});

describe("the document", () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = directory();
    file = join(dir, "performance.md");
    writeFileSync(
      file,
      "# Above\n\n<!-- from here: npm run bench -- --write -->\n\n<!-- to here -->\n\nBelow\n",
    );
  });

  const run = (name: string, measures: Record<string, Row[]>): Run => ({
    name,
    conditions: [`conditions of ${name}`],
    measures: new Map(Object.entries(measures)),
  });
  const rows = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => {
        const fields = line.split("|").map((field) => field.trim());
        return `${fields[1]} ${fields[2]} ${fields.at(-2)}`;
      });

  test("has the rows of a run in place of the same measures' rows before; the others stay", () => {
    writeDocument(run("Monday", { track: [row("old", [1], [1])], start: [row("kept", [1], [1])] }), file);
    writeDocument(run("Tuesday", { track: [row("new", [1], [1]), row("more", [1], [1])] }), file);
    expect(rows()).toEqual(["`start` kept Monday", "`track` new Tuesday", "`track` more Tuesday"]);
  });

  test("lists the conditions of the runs in the table, and of no other run", () => {
    const conditions = () => readFileSync(file, "utf8").match(/^- .*$/gm);
    writeDocument(run("Monday", { track: [row("a", [1], [1])] }), file);
    writeDocument(run("Tuesday", { start: [row("b", [1], [1])] }), file);
    expect(conditions()).toEqual(["- Monday: conditions of Monday", "- Tuesday: conditions of Tuesday"]);
    writeDocument(run("Wednesday", { track: [row("a", [1], [1])] }), file);
    expect(conditions()).toEqual([
      "- Tuesday: conditions of Tuesday",
      "- Wednesday: conditions of Wednesday",
    ]);
  });

  test("keeps the text around it", () => {
    writeDocument(run("Monday", { track: [row("a", [1], [1])] }), file);
    expect(readFileSync(file, "utf8")).toMatch(/^# Above\n\n<!-- from here.*<!-- to here -->\n\nBelow\n$/s);
  });
});
