/** The verdict on a benchmark's row, and the page that a run writes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { textTable, writePage } from "../../bench/harness/page.js";
import { type AbsentRow, type Row, rowOf, verdictOf } from "../../bench/harness/rows.js";
import { useDirectories } from "../harness/temporary.js";

const directory = useDirectories();
const row = (name: string, ours: number[], theirs: number[]): Row =>
  rowOf("track", name, "ms", "≤ 2 ×", ours, { other: theirs });
const absent: AbsentRow = { measure: "track", name: "all other rows", absent: "Redis missing" };

describe("a row", () => {
  test("is the median of the rounds' ratios, with their quartiles", () => {
    expect(row("a", [10, 20, 30], [10, 10, 20])).toMatchObject({
      ours: 20,
      beside: { what: "other", value: 10 },
      ratio: 1.5,
      spread: [1, 2],
    });
  });

  test.each([
    ["at its limit it is met", row("a", [20], [10]), "yes"],
    ["over it, it is not", row("a", [21], [10]), "NO"],
    ["without figures it is not", row("a", [], []), "NO"],
    [
      "with a quartile on the other side of the limit, nobody knows",
      row("a", [1, 1, 3], [1, 1, 1]),
      "unsure",
    ],
    ["what could not be measured is not", absent, "not measured"],
    [
      "a figure is held to a goal without a ratio",
      { ...row("a", [3], [1]), goal: "≥ 3 ms" },
      "yes",
    ],
    ["without a goal there is nothing to meet", { ...row("a", [1], [1]), goal: null }, "–"],
  ])("%s", (_what, each, verdict) => {
    expect(verdictOf(each)).toBe(verdict);
  });

  test("that could not be measured says so in the table, and why", () => {
    expect(textTable([absent])).toMatch(/Redis missing +not measured$/);
  });
});

describe("the page", () => {
  let page: string;
  const text = () => readFileSync(page, "utf8");
  beforeEach(() => {
    page = join(directory(), "performance.md");
    writeFileSync(
      page,
      "# Above\n\n<!-- from here: npm run bench -- --write -->\n\n<!-- to here -->\n\nBelow\n",
    );
  });

  test("has what was missed first, then the rest, and the conditions once", () => {
    writePage(
      [row("met", [1], [1]), absent, row("missed", [3], [1])],
      "One run of commit 1234.",
      page,
    );
    expect(text()).toMatch(/1234\..*all other rows.*missed.*### Met.*met/s);
    expect(text()).toMatch(/^# Above\n\n<!-- from here.*<!-- to here -->\n\nBelow\n$/s);
  });

  test("keeps the reason of a row that is missed again, and asks for that of another", () => {
    writePage([row("slow", [3], [1])], "Monday.", page);
    expect(text()).toContain("| NO | no reason yet |");
    writeFileSync(page, text().replace("no reason yet", "It waits for the disk."));
    writePage([row("new", [5], [1]), row("slow", [4], [1])], "Tuesday.", page);
    expect(text()).toMatch(/\| track: slow \| 4 ms .*\| NO \| It waits for the disk\. \|/);
    expect(text()).toMatch(/\| track: new \| .*\| NO \| no reason yet \|/);
    expect(text()).not.toContain("Monday");
  });
});
