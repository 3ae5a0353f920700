/**
 * Hyperlinks of the log: what is a link and where it leads, what never is, and what the terminal
 * gets.
 */
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { levelOf } from "../../../protocol/text/line-level.js";
import { Line } from "../../../tui/dashboard/text/line.js";
import { themeFor } from "../../../tui/dashboard/text/theme.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { linksIn } from "../../../tui/terminal/links.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const dir = directory();
writeFileSync(join(dir, "main.ts"), "");

const targets = (text: string) => linksIn(text, dir).map(({ url }) => url);
const texts = (text: string) => linksIn(text, dir).map(({ from, to }) => text.slice(from, to));

describe("a link", () => {
  test.each([
    ["see https://example.org/a?b=c#d.", "https://example.org/a?b=c#d"],
    ["(http://example.org/wiki/A_(b))", "http://example.org/wiki/A_(b)"],
    ['<a href="https://example.org">', "https://example.org"],
  ])("of %j is the address", (text, address) => expect(texts(text)).toEqual([address]));

  test("leads to a file that exists, from where the operation ran", () => {
    const url = `file://${hostname()}${dir}/main.ts`;
    expect(targets("main.ts:12:5 - error TS1: no")).toEqual([url]);
    expect(targets(`    at run (file://${dir}/main.ts:4:1)`)).toEqual([url]);
    expect(targets(`File "${dir}/main.ts", line 3, in f`)).toEqual([url]);
    expect(linksIn("main.ts:12:5", dir)[0]!.source).toEqual({
      file: join(dir, "main.ts"),
      line: 12,
    });
  });

  test.each([
    "nosuch.ts:3",
    "main.ts",
    "10:20:30",
    "javascript:alert(1)",
    "ftp://example.org",
    "file:///etc/passwd",
  ])("is not made of %j", (text) => expect(targets(text)).toEqual([]));

  test("has a target without anything a terminal acts on, whatever the line is", () => {
    const part = fc.constantFrom(
      "https://a.b/",
      "\x07",
      "\x1b]8;;",
      "x",
      " ",
      "ü",
      "\u202e",
      "main.ts:1",
      "%",
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        for (const url of targets(parts.join(""))) expect(url).toMatch(/^(?:https?|file):[!-~]+$/);
      }),
    );
  });
});

describe("on the screen", () => {
  const painted = (env: Record<string, string>) => {
    const { paint } = themeFor({ stdout: { isTTY: true }, env, background: null });
    return new Line(20, paint).add("see ").add("example", "link https://example.org/").toString();
  };

  test("a link takes no column, and terminals that would print it get none", () => {
    const open = painted({ TERM: "xterm-256color" });
    expect(open).toBe("see \x1b]8;;https://example.org/\x07example\x1b]8;;\x07");
    expect(columnsOf(open)).toBe("see example".length);
    for (const TERM of ["linux", "dumb"]) expect(painted({ TERM })).toBe("see example");
    expect(painted({ TERM: "xterm-256color", NO_COLOR: "1" })).toBe("see example");
  });
});

test.each([
  ["WARN disk is slow", "warning"],
  ["[error] no route", "error"],
  ["2026-01-02T03:04:05Z ERROR no route", "error"],
  ['{"level":"warn","msg":"x"}', "warning"],
  ["time=3 level=fatal msg=x", "error"],
  ["warned twice", null],
  ["no errors", null],
  ["errors: 0", null],
])("the level of %j is %j", (text, level) => expect(levelOf(text)).toBe(level));
