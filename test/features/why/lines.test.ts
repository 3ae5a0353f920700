/** What lines of two runs have in common, and the lines in which two texts differ. */
import { describe, expect, test } from "vitest";
import { lineDiff } from "../../../daemon/features/why/line-diff.js";
import { shapeOf } from "../../../daemon/features/why/new-line.js";

describe("the shape of a line", () => {
  test.each([
    ["2026-11-29 10:21:27,123 INFO took 0.32s", "2026-11-30 04:01:09,001 INFO took 12 ms"],
    ["at Sun Nov 29 10:21:27 UTC 2026", "at Mon Dec 7 01:02:03 UTC 2026"],
    ["copying 12 files to /srv/app/releases/1.2.3", "copying 3 files to /var/tmp/x"],
    [
      "request 550e8400-e29b-41d4-a716-446655440000 ok",
      "request 123e4567-e89b-12d3-a456-426614174000 ok",
    ],
    ["commit 9f3c2a1b7 pushed", "commit 00aa12bc9 pushed"],
    ["read 12.5 MiB (3%)", "read 900 kB (100%)"],
    ["[=====>      ] 40%", "[===========>] 95%"],
    ["\x1b[32mok\x1b[0m 31", "ok 7"],
    ["opened --out=/tmp/a.b/c", "opened --out=/home/ada/d"],
  ])("%j and %j are the same", (one, other) => expect(shapeOf(one)).toBe(shapeOf(other)));

  test.each([
    ["connected to db", "cannot connect to db"],
    ["ok 31 - adds", "not ok 31 - adds"],
    ["warning: unused x", "error: unused x"],
    ["3 passed", "3 failed"],
    ["exit", "quit"],
  ])("%j and %j differ", (one, other) => expect(shapeOf(one)).not.toBe(shapeOf(other)));

  test("of any line is made in little time", () => {
    for (const text of ["/".repeat(1e6), "a1".repeat(5e5), "1.".repeat(5e5), " -=".repeat(3e5)])
      expect(shapeOf(text).length).toBeLessThan(1000);
  });
});

describe("the diff", () => {
  const lines = (...texts: string[]) => texts.join("\n");

  test("has the lines that changed, with the one before", () => {
    const before = lines("a", "b", "c", "d", "e");
    expect(lineDiff(before, lines("a", "b", "C", "d", "e"))).toEqual([" b", "-c", "+C"]);
    expect(lineDiff(before, lines("a", "b", "c", "d", "e", "f"))).toEqual([" e", "+f"]);
    expect(lineDiff(before, lines("b", "c", "d", "e"))).toEqual(["-a"]);
    expect(lineDiff(before, lines("A", "b", "c", "d", "E"))).toEqual([
      "-a",
      "+A",
      " d",
      "-e",
      "+E",
    ]);
    expect(lineDiff("", "x")).toEqual(["-", "+x"]);
  });

  test("is short, whatever changed", () => {
    const many = (word: string) =>
      Array.from({ length: 50_000 }, (_, i) => `${word} ${i}`).join("\n");
    const diff = lineDiff(many("old"), many("new"));
    expect(diff).toHaveLength(12);
    expect(diff.at(-1)).toBe("…");
    expect(lineDiff("x".repeat(1e6), "y")[0]).toHaveLength(160);
  });
});
