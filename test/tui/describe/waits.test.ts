/** What waits for a person: the rule of the dashboard, `ls` and `status`, and what they remember. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitsForPerson } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { lastLookFile, readLooks, writeLooks } from "../../../tui/describe/last-look.js";
import { NO_LOOKS, waitOf, waitOfSchedule, waitsOf } from "../../../tui/describe/waits.js";
import { useDirectories } from "../../harness/temporary.js";
import { ago, failed, NOW, operation } from "../dashboard/operations.js";

const directory = useDirectories();

const asked = { stage: "Approve", occurrence: 1, question: "Roll out?", choices: ["yes", "no"], attempt: 1 };
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
const schedule = { name: "nightly", missing: null, lastProblem: "2 runs missed" };
const BEGAN = { began: NOW - 60_000, keys: new Set<string>() };
const ends = failed({ id: "failed", finishedAt: ago(40) });

const all = [odd, ends, stopped, question(5), input, question(99)].flatMap((it) => waitOf(it) ?? []);
const missed = waitOfSchedule(schedule as ScheduleReply)!;

test("questions come first, the oldest first; then input, failures, what is odd, and missed runs", () => {
  const waits = waitsOf([...all, missed], BEGAN, NOW);
  expect(waits.map(({ operation, schedule }) => operation ?? schedule)).toEqual([
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
  const looks = { ...BEGAN, keys: new Set([...all, missed].map(({ key }) => key)) };
  const kinds = waitsOf([...all, missed], looks, NOW).map(({ kind }) => kind);
  expect(kinds).toEqual(["question", "question", "input"]);
  const answer = { choice: "yes", by: "ada", at: ago(1) };
  const answered = { ...question(5), approvals: [{ ...question(5).approvals![0]!, answer }] };
  expect(waitOf(answered)).toBeNull();
  expect(waitsForPerson(input)).toBe(true);
  expect(waitsForPerson({ ...input, cancelRequested: true })).toBe(false);
});

test.each<[string, Partial<Operation>]>([
  ["ended before the person first looked", { finishedAt: ago(61) }],
  ["runs again", { state: "running", finishedAt: null }],
  [
    "is a part of another operation",
    { parent: { id: "outer", stage: "Build", occurrence: 1, step: null } as never },
  ],
])("a failure that %s does not wait", (_what, over) => {
  expect(
    waitsOf(
      [waitOf({ ...ends, ...over })].flatMap((it) => it ?? []),
      BEGAN,
      NOW,
    ),
  ).toEqual([]);
});

test("an end is new for a week, and never for a person without a dashboard", () => {
  const week = NOW + 7 * 24 * 3_600_000;
  expect(waitsOf(all, { ...BEGAN, began: 0 }, week).filter(({ kind }) => kind === "failed")).toEqual([]);
  expect(waitsOf(all, NO_LOOKS, NOW).map(({ kind }) => kind)).toEqual(["question", "question", "input"]);
});

test("what was looked at is kept for the next dashboard, for each daemon and for its user alone", () => {
  const env = { XDG_STATE_HOME: directory() };
  const file = lastLookFile(env, "/run/a.sock")!;
  expect(readLooks(file)).toBeNull();
  const looks = { began: NOW, keys: new Set(["failed a 1"]) };
  writeLooks(file, looks);
  expect(readLooks(file)).toEqual(looks);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readLooks(lastLookFile(env, "/run/b.sock"))).toBeNull();
  expect(lastLookFile({}, "/run/a.sock")).toBeNull();
  writeLooks(null, looks);
  writeLooks(join("/proc", "none", "a.json"), looks);
  expect(existsSync("/proc/none")).toBe(false);
});
