/** The commands that a message names keep the options that select their daemon. */
import { expect, test } from "vitest";
import { keepOptions } from "../../../tui/kit/kept-options.js";

test.each([
  [{}, "liveops ls lists them"],
  [{ stateDir: "/a b" }, "liveops ls --state-dir '/a b' lists them"],
  [
    { remote: "ssh://ada@box", stateDir: "/x" },
    "liveops ls --host ssh://ada@box --state-dir /x lists them",
  ],
  [{ ops: ["ops"] }, "liveops ls lists them"],
])("%j", (options, text) => {
  expect(keepOptions("liveops ls lists them", options)).toBe(text);
});

test("only commands that take the options get them", () => {
  const text = "liveops was upgraded; liveops run x --help, liveops check a.yaml, liveopsd logs";
  expect(keepOptions(text, { socket: "/s" })).toBe(text);
  expect(keepOptions(text, { ops: ["a", "b"] })).toBe(
    text.replace("liveops run", "liveops run --ops a --ops b"),
  );
});
