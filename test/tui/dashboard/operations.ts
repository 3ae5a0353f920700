/** Operations for the screens, at a fixed time, so that every figure on them is fixed too. */

import type { Approval, LogLine, Operation, Step } from "../../../protocol/operation.js";
import { submittedRecord } from "../../../protocol/reduce.js";
import type { Failure, Why } from "../../../protocol/why.js";
import { submission } from "../../harness/records.js";

/** The clock of the golden screens stands here. */
export const NOW = Date.parse("2026-01-02T03:04:05.000Z");

export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString();
}

export const logLine = (n: number, text: string, over: Partial<LogLine> = {}): LogLine => ({
  n,
  seq: n,
  at: ago(0),
  attempt: 1,
  stage: null,
  stream: "log",
  text,
  ...over,
});

export function operation(over: Partial<Operation> & { id: string }): Operation {
  const chain = over.chain ?? { id: over.id, index: 0, previous: null, next: null };
  const record = submittedRecord(submission({ id: over.id, chain }), over.createdAt ?? ago(300), 1);
  return { ...record, attempt: 1, updatedAt: ago(1), ...over };
}

const BACKUP = { op: "backup", title: "Back up a folder", stages: ["Scan", "Archive", "Checksum"] };
const VERIFY = { op: "verify-backup", title: "Verify a backup", stages: ["Read", "Compare"] };

/** A chain at its first link, archiving. */
export function backup(over: Partial<Operation> = {}): Operation {
  return operation({
    id: "backupaaaaaa",
    ...BACKUP,
    label: "nightly",
    cwd: "/home/ada/projects",
    state: "running",
    currentStage: 1,
    stageStates: { Scan: "done", Archive: "active" },
    stageTimes: {
      Scan: { startedAt: ago(75), finishedAt: ago(72.9), resumed: false, seconds: null },
      Archive: { startedAt: ago(72), finishedAt: null, resumed: false, seconds: null },
    },
    percent: 47.6,
    progress: {
      done: 1288490189,
      total: 2706255216,
      unit: "byte",
      label: null,
      rate: 17825792,
      etaSeconds: 79.2,
    },
    status: { text: "photos/2024", level: "info" },
    createdAt: ago(80),
    startedAt: ago(75),
    ...over,
  });
}

export function backupDone(over: Partial<Operation> = {}): Operation {
  return backup({
    state: "succeeded",
    finishedSuccessfully: true,
    currentStage: 2,
    stageStates: { Scan: "done", Archive: "done", Checksum: "done" },
    percent: 100,
    progress: null,
    status: null,
    finishedAt: ago(5),
    result: { archive: "/tmp/b/projects-2026-01-02.tar.gz", files: 1843, bytes: 2706255216 },
    ...over,
  });
}

const times = (from: number, to: number | null) => ({
  startedAt: ago(from),
  finishedAt: to === null ? null : ago(to),
  resumed: false,
  seconds: to === null ? null : from - to,
});

/** In its first stage, which waits for `compile`. */
export function release(over: Partial<Operation> = {}): Operation {
  return operation({
    id: "releaseaaaaa",
    op: "pipeline",
    title: "Release 4.2",
    cwd: "/home/ada/shop",
    stages: ["Build", "Deploy"],
    state: "running",
    currentStage: 0,
    stageStates: { Build: "active" },
    stageTimes: { Build: times(42, null) },
    children: 1,
    percent: 47,
    status: { text: "src/orders.ts", level: "info" },
    createdAt: ago(42),
    startedAt: ago(42),
    waitsFor: ["compilebbbbb"],
    slot: 1,
    ...over,
  });
}

/** Inside of the stage Build of `release`. */
export function compile(over: Partial<Operation> = {}): Operation {
  return operation({
    id: "compilebbbbb",
    op: "pipeline",
    title: "Build the shop",
    cwd: "/home/ada/shop",
    stages: ["Fetch", "Compile", "Pack"],
    state: "running",
    currentStage: 1,
    stageStates: { Fetch: "done", Compile: "active" },
    stageTimes: { Fetch: times(41, 33), Compile: times(33, null) },
    percent: 40,
    progress: { done: 48, total: 120, unit: "file", label: null, rate: 4, etaSeconds: 18 },
    status: { text: "src/orders.ts", level: "info" },
    createdAt: ago(41),
    startedAt: ago(41),
    parent: { id: "releaseaaaaa", attempt: 1, stage: "Build", occurrence: 1, call: 1 },
    ...over,
  });
}

export function verify(over: Partial<Operation> = {}): Operation {
  return operation({
    id: "verifybbbbbb",
    ...VERIFY,
    cwd: "/home/ada/projects",
    state: "running",
    currentStage: 0,
    stageStates: { Read: "active" },
    stageTimes: { Read: { startedAt: ago(4), finishedAt: null, resumed: false, seconds: null } },
    percent: 12,
    progress: { done: 221, total: 1843, unit: "file", label: "Files", rate: 55, etaSeconds: 29.5 },
    chain: { id: "backupaaaaaa", index: 1, previous: "backupaaaaaa", next: null },
    createdAt: ago(5),
    startedAt: ago(5),
    ...over,
  });
}

export function failed(over: Partial<Operation> = {}): Operation {
  return operation({
    id: "failedcccccc",
    op: "fails-at-item",
    title: "Fails at an item",
    stages: ["Load", "Process", "Save"],
    state: "failed",
    currentStage: 1,
    stageStates: { Load: "done", Process: "failed" },
    stageTimes: {
      Load: { startedAt: ago(600), finishedAt: ago(598.5), resumed: false, seconds: null },
      Process: { startedAt: ago(598), finishedAt: ago(590), resumed: false, seconds: null },
    },
    percent: 70,
    error: {
      code: "LIVEOPS_EXCEPTION",
      message:
        "row 7 of 10 has no price: expected a number, found nothing, and the whole import depends on it",
      stack:
        "Error: row 7\n    at check (/home/ada/ops/import.ts:12:9)\n    at node:internal/process/task_queues:95:5",
    },
    createdAt: ago(601),
    startedAt: ago(600),
    finishedAt: ago(590),
    ...over,
  });
}

export function queued(over: Partial<Operation> = {}): Operation {
  return operation({
    id: "queueddddddd",
    op: "shell",
    title: "Shell command",
    label: "make -j4",
    stages: ["Run"],
    attempt: 0,
    queuePosition: 1,
    createdAt: ago(20),
    ...over,
  });
}

export function scanning(over: Partial<Operation> = {}): Operation {
  return operation({
    id: "scanningeeee",
    op: "crawl",
    title: "Crawl a site",
    stages: ["Fetch"],
    state: "running",
    currentStage: 0,
    stageStates: { Fetch: "active" },
    stageTimes: { Fetch: { startedAt: ago(40), finishedAt: null, resumed: false, seconds: null } },
    progress: { done: 5210, total: null, unit: "page", label: null, rate: 120.4, etaSeconds: null },
    createdAt: ago(41),
    startedAt: ago(40),
    ...over,
  });
}

/** A question to a person that has no answer. */
export function asked(stage: string, since: string, over: Partial<Approval> = {}): Approval {
  return {
    stage,
    occurrence: 1,
    question: "Go on?",
    choices: ["yes", "no"],
    default: null,
    attempt: 1,
    since,
    until: null,
    answer: null,
    ...over,
  };
}

/** An active step. */
export function step(name: string, over: Partial<Step> = {}): Step {
  return {
    name,
    state: "active",
    percent: 0,
    progress: null,
    status: null,
    startedAt: ago(12),
    finishedAt: null,
    seconds: null,
    exitCode: null,
    reason: null,
    resumed: false,
    ...over,
  };
}

export const doneStep = (name: string, seconds = 4.2): Step =>
  step(name, { state: "done", percent: 100, finishedAt: ago(8), seconds, exitCode: 0 });

/** What the daemon tells of a failure, where nothing has changed. */
export function whyFailed(it: Operation, failure: Partial<Failure> = {}): Why {
  const { id, op, title, attempt, state, error } = it;
  return {
    id,
    op,
    title,
    attempt,
    state,
    at: it.finishedAt!,
    summary: "Stage Process failed.",
    failure: {
      stage: "Process",
      step: null,
      code: error!.code,
      message: error!.message,
      causes: [],
      command: null,
      exit: null,
      place: null,
      source: null,
      lines: [],
      ...failure,
    },
    since: null,
    changes: [],
    machine: null,
    waits: [],
    left: [],
    ran: [],
    savedSeconds: null,
    next: [],
    notes: [],
  };
}
