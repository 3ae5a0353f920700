/** Which question the words of a line ask. */
import { expect, test } from "vitest";
import { completionTable } from "../../../scripts/reference/completion-table.js";
import { programs } from "../../../scripts/reference/programs.js";
import { type Question, readLine } from "../../../tui/features/completion/line.js";
import type { Value } from "../../../tui/kit/command-table.js";

const table = completionTable(await programs());

function asked(...words: string[]): Question {
  const question = readLine(table, words);
  if (question === null) throw new Error("no program of ours");
  return question;
}

test.each<[string[], Value["of"] | null]>([
  [["liveops", "submit", ""], "type"],
  [["liveops", "submit", "--queue", ""], "queue"],
  [["liveops", "submit", "--queue", "gpu", ""], "type"],
  [["liveops", "submit", "--follow", ""], "type"],
  [["liveops", "submit", "shell", ""], "parameter"],
  [["liveops", "submit", "shell", "a=1", "b"], "parameter"],
  [["liveops", "submit", "shell", "--on", ""], "host"],
  [["liveops", "submit", "shell", "--tag", ""], "tag"],
  [["liveops", "submit", "shell", "--", "ls", ""], "file"],
  [["liveops", "--socket", "x", "cancel", ""], "id"],
  [["liveops", "retry", "--from", ""], "stage"],
  [["liveops", "schedule", "rm", "nightly", ""], "schedule"],
  [["liveops", "schedule", "add", "@daily", ""], "type"],
  [["liveops", "logs", "-fn", ""], "text"],
  [["liveops", "logs", "-n20", ""], "id"],
  [["liveops", "show", "abc", ""], null],
  [["liveops", "hosts", "lost", ""], "host"],
  [["liveops", "help", ""], "command"],
  [["liveopsd", "start", "--log-level", ""], "choices"],
  [["/opt/bin/liveops-tui", ""], "id"],
  [["NAME=1", "liveops", "show", ""], "id"],
])("%j asks for %s", (words, of) => {
  expect(asked(...words).value?.of ?? null).toBe(of);
});

test("the last item of a list, and the value after =", () => {
  expect(asked("liveops", "ls", "--state", "queued,r")).toMatchObject({
    kept: "queued,",
    text: "r",
  });
  expect(asked("liveops", "ls", "--state=queued,r")).toMatchObject({
    kept: "--state=queued,",
    text: "r",
  });
});

test("an option that is given is not offered again, unless it is repeatable", () => {
  const names = asked("liveops", "submit", "--follow", "--tag", "gpu", "-").options.flatMap(
    (each) => each.names,
  );
  expect(names).not.toContain("--follow");
  expect(names).toContain("--tag");
});

test("the states of the operations that a command takes", () => {
  const states = (command: string) => asked("liveops", command, "").value;
  expect(states("cancel")).toMatchObject({ states: ["queued", "running"] });
  expect(states("retry")).toMatchObject({ states: ["failed", "cancelled"] });
  expect(states("logs")).toMatchObject({ states: null });
  expect(asked("liveops", "cancel", "--state", "").value).toMatchObject({
    choices: ["queued", "running"],
  });
});

test("another program is not completed", () => {
  expect(readLine(table, ["ls", ""])).toBeNull();
  expect(readLine(table, [""])).toBeNull();
});
