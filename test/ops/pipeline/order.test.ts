/** The order that files give to steps side by side, from their patterns alone. */
import { describe, expect, test } from "vitest";
import { circleText, orderOf } from "../../../ops/features/up-to-date/files/order.js";

const step = (name: string, needs: string[], makes: string[] = [], cwd = "") => ({
  name,
  needs,
  makes,
  cwd,
});

/** Whether a step that needs the first starts after one that makes the second. */
const meets = (needs: string[], makes: string, cwd = "") =>
  orderOf([step("a", needs), step("b", [], [makes], cwd)]).after![0]!.length === 1;

describe("a step that needs", () => {
  test.each([
    ["out/x", "out/x"],
    ["out/x", "./out//x"],
    ["out", "out/deep/x"],
    ["out/deep/x", "out"],
    ["out/**", "out"],
    ["out/*.js", "out/x.js"],
    ["out/x.js", "out/*.js"],
    ["**/*.js", "out/deep/x*"],
    ["out/**/x", "out/x"],
    ["out/?.js", "out/*"],
    ["out/[ab].js", "out/b.js"],
    ["{src,out}/x", "out/x"],
    ["{src,out}/{x,y}", "out/{y,z}"],
    ["out/{1..3}", "out/2"],
    ["../up/x", "/up/x"],
    ["out/\\*", "out/\\*"],
  ])("%s starts after one that makes %s", (needs, makes) => {
    expect(meets([needs], makes)).toBe(true);
  });

  test.each([
    ["out/x", "out/y"],
    ["out/x", "out/xy"],
    ["out/*", "out/deep/x"],
    ["out/*.js", "out/x.css"],
    ["out/?.js", "out/ab.js"],
    ["src/**", "out/**"],
    ["{src,lib}/**", "out/x"],
    ["out/\\*", "out/x"],
    ["**/*.js", "node_modules/x/y.js"],
    ["**", ".git/config"],
  ])("%s does not wait for one that makes %s", (needs, makes) => {
    expect(meets([needs], makes)).toBe(false);
  });

  test("a name that is left out otherwise waits where it says the name", () => {
    expect(meets(["node_modules/**"], "node_modules/x/y.js")).toBe(true);
  });

  test("leaves out what it says, as far as that is all that the other makes", () => {
    expect(meets(["src/**", "!src/gen"], "src/gen/x.ts")).toBe(false);
    expect(meets(["src/**", "!src/gen/**"], "src/gen/**")).toBe(false);
    expect(meets(["src/**", "!**/*.ts"], "src/gen/*.ts")).toBe(false);
    expect(meets(["src/**", "!src/gen/*"], "src/gen/**")).toBe(true);
    expect(meets(["src/**", "!src/gen/?.ts"], "src/gen/*.ts")).toBe(true);
    expect(meets(["src/**", "!src/gen/[ab].ts"], "src/gen/[cd].ts")).toBe(true);
  });

  test("looks at the directories in which the patterns begin", () => {
    expect(meets(["web/out/x"], "out/x", "web")).toBe(true);
    expect(meets(["out/x"], "out/x", "web")).toBe(false);
  });
});

test("a step does not wait for itself", () => {
  expect(orderOf([step("a", ["src/**"], ["src/gen"])]).after).toEqual([[]]);
});

test("a circle is told with its names", () => {
  const { circle } = orderOf([
    step("free", ["c"]),
    step("a", ["b"], ["a"]),
    step("b", ["c"], ["b"]),
    step("c", ["a"], ["c"]),
  ]);
  expect(circle).toEqual(["c", "a", "b"]);
  expect(circleText(circle!)).toBe(
    '"c" needs what "a" makes, "a" needs what "b" makes, and "b" needs what "c" makes',
  );
});

test("patterns of many stars are compared at once", () => {
  const stars = (end: string) => `${"*a".repeat(50)}*${end}`;
  expect(meets([stars("b")], stars("b"))).toBe(true);
  expect(meets([stars("b")], "a".repeat(200))).toBe(false);
  expect(meets([`${"**/a/".repeat(50)}b`], `${"a/".repeat(200)}c?`)).toBe(false);
});

test("thousands of steps take no time", () => {
  const steps = Array.from({ length: 2000 }, (_, n) => step(`s${n}`, [`in/${n}`], [`out/${n}`]));
  expect(orderOf([...steps, step("last", ["out/**"])]).after!.at(-1)).toHaveLength(2000);
});
