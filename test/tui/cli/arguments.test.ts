/** A command in the place of an operation type. */
import { Command } from "commander";
import { expect, test } from "vitest";
import { takeTrailing, withShellType } from "../../../tui/cli/arguments.js";

const submit = new Command("submit").option("--label <text>").option("--wait");

test.each([
  [
    ["submit", "--", "make", "-j4"],
    ["submit", "shell"],
  ],
  [
    ["submit", "--label", "a b", "--wait", "--", "make"],
    ["submit", "--label", "a b", "--wait", "shell"],
  ],
  [
    ["submit", "tty=true", "grace=1", "--", "make"],
    ["submit", "shell", "tty=true", "grace=1"],
  ],
  [
    ["submit", "make test && make install", "--wait"],
    ["submit", "shell", "script=make test && make install", "--wait"],
  ],
  [
    ["submit", 'echo "$1"', "--", "x"],
    ["submit", "shell", 'script=echo "$1"'],
  ],
])("%j runs a command", (words, typed) => {
  expect(withShellType(takeTrailing(words), submit)).toEqual(typed);
});

test.each([
  [["submit", "backup", "source=a b"]],
  [["submit", "--label", "a b", "shell", "--", "make"]],
  [["submit", "nightly.yaml", "--", "x"]],
  [["submit", "-", "--", "x"]],
  [["submit", "source=."]],
  [["submit", "--"]],
  [["submit"]],
])("%j keeps its words", (words) => {
  const before = takeTrailing(words);
  expect(withShellType(before, submit)).toEqual(before);
});

test("the type of a schedule stands after its time", () => {
  const add = new Command("add").option("--name <text>");
  const words = takeTrailing(["schedule", "add", "--name", "n", "0 3 * * *", "--", "./backup.sh"]);
  expect(withShellType(words, add, 1)).toEqual([...words, "shell"]);
});
