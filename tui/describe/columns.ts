/** The columns of a list of operations. */

import { waitsForApproval } from "../../protocol/approval.js";
import type { OverallProgress } from "../../protocol/estimate/overall-progress.js";
import { ranSeconds } from "../../protocol/estimate/seconds.js";
import type { Operation } from "../../protocol/operation.js";
import type { ForecastReply } from "../../protocol/replies.js";
import { laterStart } from "../../protocol/start-time.js";
import { STATES } from "../../protocol/state.js";
import { DEFAULT_QUEUE, fieldsWith } from "../../protocol/submit-fields.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { numberColumn, timeColumn } from "../kit/output/columns.js";
import { formatShortTime } from "../kit/output/local-time.js";
import type { CellContext, Column, TableSpec } from "../kit/output/table.js";
import { formatAge } from "../kit/output/time.js";
import {
  formatAbout,
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatOverall,
} from "../terminal/format.js";
import { stageGlyph, stateColour, stateGlyph } from "../terminal/glyphs.js";
import { hostOf } from "../terminal/host-state.js";
import { allowedFailures, oddNotes } from "../terminal/stage-note.js";
import { expectedLeft } from "../terminal/time-left.js";
import { type Inside, insideText } from "./inside.js";

export interface OperationContext extends CellContext {
  progress: (operation: Operation) => OverallProgress;
  /** When a queued operation is expected to start, in ms since 1970; null: unknown. */
  startsAt: (operation: Operation) => number | null;
  /** When a running operation is expected to end; undefined: nothing is known. */
  expectedEnd: (operation: Operation) => Expected | undefined;
  /** Address of the directory of the run; null: none is known. */
  runUrl: (operation: Operation) => string | null;
  inside: Inside;
}

type Expected = ForecastReply["operations"][string];
type OperationColumn = Column<Operation, OperationContext>;

const ALWAYS: OperationColumn[] = [
  { name: "id", about: "Id of the operation", text: (it) => it.id, link: (it, { runUrl }) => runUrl(it) },
  { name: "op", about: "Operation type", text: (it) => it.op, atLeast: 8, readable: 16 },
  {
    name: "state",
    about: "State, or what a live operation waits for",
    text: (it) => `${stateGlyph(it.state)} ${stateWord(it)}`,
    colour: (it) => stateColour(it.state),
    sort: (it) => STATES.indexOf(it.state),
  },
  {
    name: "queue",
    about: "Queue, unless it is the default queue",
    text: ({ queue }) => (queue === DEFAULT_QUEUE ? "" : queue),
    atLeast: 5,
    optional: true,
  },
  {
    name: "host",
    about: "Host of the fleet that runs the operation, or ran it last",
    text: (it) => hostOf(it) ?? "",
    atLeast: 4,
    optional: true,
    when: (operations) => operations.some(({ host }) => host !== undefined),
  },
  {
    name: "parent",
    about: "Id of the operation inside of which it runs",
    text: ({ parent }) => parent?.id ?? "",
    optional: true,
    when: (operations) => operations.some(({ parent }) => parent !== undefined),
  },
  {
    name: "stage",
    about:
      "Current stage and its number, and what runs inside of it; of a success, odd numbers and allowed failures",
    text: stageCell,
    atLeast: 5,
    readable: 12,
  },
  {
    name: "done",
    about: "Share that is done; of a queued operation, the position and the expected start",
    text: doneCell,
    align: "right",
    sort: (it, { progress }) => progress(it).percent,
  },
  {
    name: "left",
    about: "Expected time left of a running operation; late: longer than nine of ten earlier runs",
    text: (it, { expectedEnd, now }) =>
      expectedLeft(it.state === "running" ? expectedEnd(it) : undefined, now),
    align: "right",
    optional: true,
    sort: (it, { expectedEnd }) => Date.parse(expectedEnd(it)?.endsAt ?? "") || Number.MAX_VALUE,
  },
  {
    name: "age",
    about: "Time since the submit",
    text: (it, { now }) => formatAge(it.createdAt, now),
    align: "right",
    times: "relative",
    sort: (it) => -Date.parse(it.createdAt),
  },
  timeColumn("created", "Time of the submit", (it) => it.createdAt, { times: "exact" }),
];

const bytes = (value: number | undefined) => (value === undefined ? "" : formatBytes(value));
const memoryOf = (it: Operation) => it.usage?.rssBytes ?? it.resources?.maxRssBytes;

const WIDE: OperationColumn[] = (
  [
    { name: "took", about: "Duration of the last attempt", text: tookCell, sort: secondsOf },
    {
      name: "cpu",
      about: "CPU time",
      text: ({ resources }) => (resources === null ? "" : formatDuration(resources.cpuSeconds)),
      sort: ({ resources }) => resources?.cpuSeconds ?? -1,
    },
    {
      name: "mem",
      about: "Memory now of a running operation, the peak of a finished one",
      text: (it) => bytes(memoryOf(it)),
      sort: (it) => memoryOf(it) ?? -1,
    },
    {
      name: "read",
      about: "Bytes read from storage",
      text: ({ resources }) => bytes(resources?.readBytes),
      sort: ({ resources }) => resources?.readBytes ?? -1,
    },
    {
      name: "written",
      about: "Bytes written to storage",
      text: ({ resources }) => bytes(resources?.writtenBytes),
      sort: ({ resources }) => resources?.writtenBytes ?? -1,
    },
  ] satisfies OperationColumn[]
).map((it) => ({ ...it, only: "wide", align: "right" }));

const TEXTS: OperationColumn[] = [
  { name: "title", about: "Title", text: (it) => it.title, atLeast: 8, readable: 16 },
  {
    name: "label",
    about: "Label of the submit",
    text: (it) => it.label ?? "",
    atLeast: 8,
    readable: 12,
    optional: true,
  },
];

const COUNT = { format: formatCount };

const ASKED: OperationColumn[] = (
  [
    timeColumn("started", "Start of the last attempt", (it) => it.startedAt),
    timeColumn("finished", "End of the operation", (it) => it.finishedAt),
    numberColumn("attempt", "Number of the attempt", (it) => it.attempt, COUNT),
    {
      name: "pid",
      about: "Process id of the worker",
      text: (it) => (it.pid ? String(it.pid) : ""),
      sort: (it) => it.pid ?? -1,
      align: "right",
    },
    ...fieldsWith("column").map(([name, { column }]) =>
      numberColumn(name, column, (it: Operation) => it[name], COUNT),
    ),
    numberColumn("lines", "Lines of the log", (it) => it.logLines, COUNT),
    { name: "schedule", about: "Schedule that submitted the operation", text: (it) => it.schedule ?? "" },
    { name: "chain", about: "Id of the first operation of the chain", text: (it) => it.chain.id },
    { name: "cwd", about: "Directory of the operation", text: (it) => it.cwd, atLeast: 8 },
    {
      name: "status",
      about: "Status line of the operation",
      text: (it) => it.status?.text ?? "",
      atLeast: 8,
    },
    { name: "odd", about: "Odd numbers", text: (it) => oddNotes(it).join("; "), atLeast: 8 },
    {
      name: "error",
      about: "First line of the error",
      text: ({ error }) => (error === null ? "" : firstLine(error.message)),
      atLeast: 8,
      colour: () => "red",
    },
  ] satisfies OperationColumn[]
).map((it) => ({ ...it, only: "asked" }));

export const OPERATIONS: TableSpec<Operation, OperationContext> = {
  columns: [...ALWAYS, ...WIDE, ...TEXTS, ...ASKED],
  firstToShrink: ["error", "odd", "status", "cwd", "title", "label", "stage", "queue", "host", "op"],
  firstToGo: [
    "read",
    "written",
    "title",
    "label",
    "stage",
    "took",
    "mem",
    "cpu",
    "queue",
    "created",
    "age",
    "host",
    "parent",
    "left",
    "done",
    "op",
  ],
};

function stageCell(operation: Operation, { inside }: OperationContext): string {
  const below = insideText(operation, inside);
  if (operation.untrackedStage !== null) return operation.untrackedStage + below;
  const stage = operation.stages[operation.currentStage];
  if (operation.state === "succeeded") {
    const allowed = allowedFailures(operation).map((name) => `${stageGlyph("allowed-failure")} ${name}`);
    const [first, ...more] = [...oddNotes(operation), ...allowed];
    return `${first ?? ""}${more.length === 0 ? "" : ` +${more.length}`}`;
  }
  if (stage === undefined) return below;
  return `[${operation.currentStage + 1}/${operation.stages.length}] ${stage}${below}`;
}

/** The share of the whole operation; the queue position of a queued one; a count where no share is known. */
function doneCell(operation: Operation, context: OperationContext): string {
  const { progress: progressOf, now } = context;
  const { state, progress } = operation;
  if (state === "queued") return queuedCell(operation, now, context.startsAt(operation));
  const overall = progressOf(operation);
  if (overall.known || overall.percent >= 1) return formatOverall(overall);
  if (state !== "running" || progress === null) return "";
  return formatAmount(progress.done, progress.total, progress.unit);
}

/** The position in the queue, or what the operation waits for; then its expected start where that is not now. */
function queuedCell(operation: Operation, now: number, startsAt: number | null): string {
  const { queuePosition, waitsFor } = operation;
  const starts = startsAt === null || startsAt - now < 1000 ? "" : ` in ~${formatAbout(startsAt - now)}`;
  if (waitsFor !== null)
    return `after ${waitsFor.length === 1 ? waitsFor[0]!.slice(0, 4) : waitsFor.length}${starts}`;
  if (queuePosition !== null) return `#${queuePosition}${starts}`;
  const later = laterStart(operation, now);
  return later === null ? "" : formatShortTime(new Date(later), new Date(now));
}

function tookCell(it: Operation, context: OperationContext): string {
  const seconds = secondsOf(it, context);
  return seconds === -1 ? "" : formatDuration(seconds);
}

/** -1: not started. */
function secondsOf(it: Operation, { now }: OperationContext): number {
  if (it.startedAt === null) return -1;
  return it.seconds ?? ranSeconds(it, it.finishedAt === null ? now : Date.parse(it.finishedAt));
}

function stateWord(operation: Operation): string {
  if (waitsForApproval(operation) !== null) return "needs approval";
  if (operation.state === "queued" && operation.blocked) return "blocked";
  if (operation.state === "queued" && operation.waitsFor) return "waiting";
  if (operation.state === "running" && operation.pause?.since) return "paused";
  if (operation.state !== "running") return operation.state;
  if (operation.stalledSince) return "stalled";
  if (operation.noRoomSince) return "disk full";
  if (operation.waitingForInput && !operation.cancelRequested) return "needs input";
  return operation.cancelRequested ? "cancelling" : "running";
}
