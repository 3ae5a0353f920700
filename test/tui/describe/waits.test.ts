/**
 * What waits for a person: the rule of the dashboard, `ls` and `status`, and what they remember.
 */
import { existsSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { waitsForPerson } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { lookAt, lookedFile, readLooked, writeLooked } from "../../../tui/describe/looked.js";
import { waitOf, waitOfSchedule, waitsOf } from "../../../tui/describe/waits.js";
import { useDirectories } from "../../harness/temporary.js";
import { ago, failed, NOW, operation } from "../dashboard/operations.js";

const directory = useDirectories();

const asked = {
  stage: "Approve",
  occurrence: 1,
  question: "Roll out?",
  choices: ["yes", "no"],
  attempt: 1,
};
const question = (seconds: number) =>
  operation({
    id: `question${seconds}`,
    state: "queued",
    approvals: [{ ...asked, default: "no", since: ago(seconds), until: null, answer: null }],
  });
const input = operation({
  id: "input",
  state: "running",
  waitingForInput: { prompt: "Name? ", echo: true, number: 1, since: ago(9) },
});
const numbers = [{ name: "rows", value: 4, low: 900, high: 1100, runs: 12 }];
const odd = operation({ id: "odd", state: "succeeded", finishedAt: ago(30), odd: numbers });
const stopped = operation({ id: "stopped", state: "running", stalledSince: ago(20) });
const schedule = {
  name: "nightly",
  missing: null,
  lastProblem: "2 runs missed",
  lastDueAt: ago(10),
};
const LOOKED = NOW - 60_000;
const ends = failed({ id: "failed", finishedAt: ago(40) });

const all = [odd, ends, stopped, question(5), input, question(99)].flatMap(
  (it) => waitOf(it) ?? [],
);
const missed = waitOfSchedule(schedule as ScheduleReply)!;

test("questions come first, the oldest first; then input, failures, what is odd, and missed runs", () => {
  const waits = waitsOf([...all, missed], LOOKED, NOW);
  expect(waits.map(({ operation, schedule }) => operation?.id ?? schedule)).toEqual([
    "question99",
    "question5",
    "input",
    "failed",
    "stopped",
    "odd",
    "nightly",
  ]);
  expect(waits.map(({ text }) => text)).toContain("Name?");
});

test("a question leaves when it is answered, whoever looked; an end leaves by a look", () => {
  const kinds = waitsOf([...all, missed], NOW, NOW).map(({ kind }) => kind);
  expect(kinds).toEqual(["question", "question", "input", "schedule"]);
  const answer = { choice: "yes", by: "ada", at: ago(1) };
  const answered = { ...question(5), approvals: [{ ...question(5).approvals![0]!, answer }] };
  expect(waitOf(answered)).toBeNull();
  expect(waitsForPerson(input)).toBe(true);
  expect(waitsForPerson({ ...input, cancelRequested: true })).toBe(false);
});

test.each<[string, Partial<Operation>]>([
  ["ended before the person looked", { finishedAt: ago(61) }],
  ["runs again", { state: "running", finishedAt: null }],
  [
    "is a part of another operation",
    { parent: { id: "outer", stage: "Build", occurrence: 1, step: null } as never },
  ],
])("a failure that %s does not wait", (_what, over) => {
  expect(
    waitsOf(
      [waitOf({ ...ends, ...over })].flatMap((it) => it ?? []),
      LOOKED,
      NOW,
    ),
  ).toEqual([]);
});

test("an end is new for a week, and never for a person without a dashboard", () => {
  const week = NOW + 7 * 24 * 3_600_000;
  expect(waitsOf(all, 0, week).filter(({ kind }) => kind === "failed")).toEqual([]);
  const kinds = waitsOf([...all, missed], null, NOW).map(({ kind }) => kind);
  expect(kinds).toEqual(["question", "question", "input", "schedule"]);
});

test("a failure that was submitted again since is looked at, and so is a rejection by a person", () => {
  const fails = waitOf(ends)!;
  const again = {
    ...ends,
    id: "again",
    state: "running",
    finishedAt: null,
    createdAt: ago(30),
  } as const;
  expect(waitsOf([fails], LOOKED, NOW, [ends, again])).toEqual([]);
  const others = [
    { ...again, params: { other: true } },
    { ...again, cwd: "/elsewhere" },
    { ...again, large: ["params" as const] },
    { ...again, createdAt: ago(50) },
  ];
  expect(waitsOf([fails], LOOKED, NOW, others)).toEqual([fails]);
  const error = { code: "LIVEOPS_REJECTED", message: "rejected", stack: null };
  const rejected = (by: string | null) => {
    const [approval] = question(60).approvals!;
    return failed({
      error,
      approvals: [{ ...approval!, answer: { choice: "no", by, at: ago(40) } }],
    });
  };
  expect(waitOf(rejected("ada"))).toBeNull();
  expect(waitOf(rejected(null))).not.toBeNull();
});

test("one time is kept for all dashboards and commands, for the user alone, and only moves on", () => {
  const dir = directory();
  const file = lookedFile(dir, "/run/d.sock");
  expect(readLooked(file)).toBeNull();
  lookAt(dir, "/run/d.sock", ends);
  expect(readLooked(file)).toBeNull();
  writeLooked(file, LOOKED);
  lookAt(dir, "/run/d.sock", operation({ id: "good", state: "succeeded", finishedAt: ago(1) }));
  expect(readLooked(file)).toBe(LOOKED);
  lookAt(dir, "/run/d.sock", ends);
  expect(readLooked(file)).toBe(Date.parse(ends.finishedAt!));
  writeLooked(file, NOW);
  writeLooked(file, NOW - 1);
  expect(readLooked(file)).toBe(NOW);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeLooked("/proc/none/looked", NOW);
  expect(existsSync("/proc/none")).toBe(false);
});
