import { expect, it } from "vitest";
import { Exclude } from "../../ops/features/archive/exclude.js";

it.each([
  ["node_modules", ["node_modules", "a/node_modules"], ["node_modules2", "a/node_modules/b"]],
  ["*.log", ["a.log", "b/c.log", ".log"], ["log", "a.log.gz"]],
  ["build/", ["build", "x/build"], ["builds"]],
  ["./build", ["build"], ["x/build"]],
  ["/build", ["build"], ["x/build"]],
  ["docs/*.pdf", ["docs/a.pdf"], ["docs/a/b.pdf", "x/docs/a.pdf"]],
  ["docs/**", ["docs/a", "docs/a/b"], ["docs", "docs2/a"]],
  ["**/tmp/*", ["tmp/a", "x/y/tmp/b"], ["tmp", "x/tmp/a/b"]],
  ["a?c", ["abc", "a語c", "a🎉c"], ["ac", "a/c"]],
  ["[a-c]x", ["ax", "cx"], ["dx", "-x"]],
  ["[!a]x", ["bx"], ["ax"]],
  ["a+(b).{c}$^|\\", ["a+(b).{c}$^|\\"], ["aab"]],
  ["a*b*c/*d*e", ["abc/de", "axbbc/dde"], ["ab/de", "abc/d/e"]],
  ["*[ab]*1*1", ["a11", "xb1y1"], ["a1", "a/11"]],
  ["new\nline", ["new\nline"], ["new", "line"]],
])("%j leaves out what it names and nothing else", (pattern, hits, misses) => {
  for (const path of hits) expect(new Exclude([pattern]).matches(path), path).toBe(true);
  for (const path of misses) expect(new Exclude([pattern]).matches(path), path).toBe(false);
});

it("matches a pattern of many stars at once", () => {
  expect(new Exclude([`${"*a".repeat(50)}*b`]).matches("a".repeat(200))).toBe(false);
});

it("knows which patterns matched nothing", () => {
  const exclude = new Exclude(["a", "b"]);
  exclude.matches("x/b");
  expect(exclude.unused()).toEqual(["a"]);
});
