/** What a typed text means among named things. */
import { expect, test } from "vitest";
import { nearOnes } from "../../../tui/dashboard/core/name-match.js";

const NAMES = ["cancel", "retry", "retry from", "follow", "submit backup", "submit prune-backups", "help"];
const near = (typed: string) => nearOnes(typed, NAMES, (name) => [name]);

test.each([
  ["", NAMES],
  ["retry", ["retry", "retry from"]],
  ["from", ["retry from"]],
  ["backup", ["submit backup", "submit prune-backups"]],
  ["sub pr", ["submit prune-backups"]],
  ["sb", ["submit backup", "submit prune-backups"]],
  ["cancle", ["cancel"]],
  ["HELP", ["help"]],
  ["zzzz", []],
])("%j", (typed, expected) => {
  expect(near(typed)).toEqual(expected);
});

test("the first name counts for more than what it does", () => {
  const things = [
    { name: "cancel", does: "follow it no more" },
    { name: "follow", does: "along the chain" },
  ];
  expect(nearOnes("follow", things, ({ name, does }) => [name, does]).map(({ name }) => name)).toEqual([
    "follow",
    "cancel",
  ]);
});
