/** The table of variables: patterns, what a submit sends, and the names that no submit may set. */
import { expect, test } from "vitest";
import {
  capturedVariables,
  matchingVariables,
  nameMatcher,
  OPERATION_VARIABLES,
  RESERVED_VARIABLES,
} from "../../protocol/environment.js";

test.each([
  ["AWS_*", ["AWS_PROFILE", "AWS_"], ["XAWS_A", "AWS"]],
  ["*_HOME", ["JAVA_HOME"], ["HOME", "JAVA_HOMES"]],
  ["A.B", ["A.B"], ["AXB"]],
  ["A+*[x]", ["A+1[x]"], ["AA1x"]],
  ["*", ["A", "a b\nc"], []],
  ["a*a", ["aa", "aba"], ["a"]],
  ["a*b*b*c", ["abbc", "axbbbyc"], ["abc", "abcb", "babbc"]],
])("the pattern %s", (pattern, fits, others) => {
  const matches = nameMatcher([pattern]);
  expect([...fits, ...others].filter(matches)).toEqual(fits);
});

test("a pattern of many stars is matched at once", () => {
  expect(nameMatcher([`${"*a".repeat(100)}*b`])("a".repeat(10_000))).toBe(false);
});

test("a submit sends the base and what is allowed, nothing else", () => {
  const env = {
    PATH: "/bin",
    LC_TIME: "C",
    EDITOR: "vi",
    AWS_PROFILE: "p",
    MY_TOKEN: "x",
    GONE: undefined,
  };
  expect(capturedVariables(env)).toEqual({ PATH: "/bin", LC_TIME: "C", EDITOR: "vi" });
  expect(capturedVariables(env, ["AWS_*", "GONE"])).toEqual({
    PATH: "/bin",
    LC_TIME: "C",
    AWS_PROFILE: "p",
  });
  expect(capturedVariables(env, [])).toEqual({ PATH: "/bin", LC_TIME: "C" });
});

test("reserved names match no pattern: an operation that submits another passes none of its own on", () => {
  const env = Object.fromEntries(RESERVED_VARIABLES.map((name) => [name, "x"]));
  expect(Object.keys(env)).toEqual(expect.arrayContaining(Object.keys(OPERATION_VARIABLES)));
  expect(matchingVariables({ ...env, LIVEOPS_SOCKET: "/s" }, ["*"])).toEqual({
    LIVEOPS_SOCKET: "/s",
  });
});
