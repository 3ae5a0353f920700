/** The columns of a list of operations. */

import { waitsForPerson } from "../../protocol/approval.js";
import { ranSeconds } from "../../protocol/estimate/seconds.js";
import type { Operation } from "../../protocol/operation.js";
import type { ForecastReply } from "../../protocol/replies.js";
import { laterStart } from "../../protocol/start-time.js";
import { DEFAULT_QUEUE } from "../../protocol/submit-fields.js";
import { formatShortTime } from "../kit/output/local-time.js";
import type { CellContext, Column, TableSpec } from "../kit/output/table.js";
import { formatAge } from "../kit/output/time.js";
import {
  formatAbout,
  formatAmount,
  formatBytes,
  formatDuration,
  formatOverall,
} from "../terminal/format.js";
import { stageGlyph, stateColour, stateGlyph } from "../terminal/glyphs.js";
import { hostOf } from "../terminal/host-state.js";
import { allowedFailures, oddNotes } from "../terminal/stage-note.js";
import { expectedLeft, expectedProgress } from "../terminal/time-left.js";
import { type Inside, insideText } from "./inside.js";

export interface OperationContext extends CellContext {
  /** When a queued operation is expected to start, in ms since 1970; null: unknown. */
  startsAt: (operation: Operation) => number | null;
  /** When a running operation is expected to end; undefined: nothing is known. */
  expectedEnd: (operation: Operation) => Expected | undefined;
  inside: Inside;
}

type Expected = ForecastReply["operations"][string];
type OperationColumn = Column<Operation, OperationContext>;

const ALWAYS: OperationColumn[] = [
  { name: "id", text: (it) => it.id },
  { name: "op", text: (it) => it.op, atLeast: 8, readable: 16 },
  {
    name: "state",
    text: (it) => `${stateGlyph(it.state)} ${stateWord(it)}`,
    colour: (it) => stateColour(it.state),
  },
  {
    name: "queue",
    text: ({ queue }) => (queue === DEFAULT_QUEUE ? "" : queue),
    atLeast: 5,
    optional: true,
  },
  {
    name: "host",
    text: (it) => hostOf(it) ?? "",
    atLeast: 4,
    optional: true,
    when: (operations) => operations.some(({ host }) => host !== undefined),
  },
  {
    name: "parent",
    text: ({ parent }) => parent?.id ?? "",
    optional: true,
    when: (operations) => operations.some(({ parent }) => parent !== undefined),
  },
  {
    name: "stage",
    text: stageCell,
    atLeast: 5,
    readable: 12,
  },
  {
    name: "done",
    text: doneCell,
    align: "right",
  },
  {
    name: "left",
    text: (it, { expectedEnd, now }) =>
      expectedLeft(it.state === "running" ? expectedEnd(it) : undefined, now),
    align: "right",
    optional: true,
  },
  {
    name: "age",
    text: (it, { now }) => formatAge(it.createdAt, now),
    align: "right",
  },
];

const bytes = (value: number | undefined) => (value === undefined ? "" : formatBytes(value));
const memoryOf = (it: Operation) => it.usage?.rssBytes ?? it.resources?.maxRssBytes;

const WIDE: OperationColumn[] = (
  [
    { name: "took", text: tookCell },
    {
      name: "cpu",

      text: ({ resources }) => (resources === null ? "" : formatDuration(resources.cpuSeconds)),
    },
    {
      name: "mem",

      text: (it) => bytes(memoryOf(it)),
    },
    {
      name: "read",

      text: ({ resources }) => bytes(resources?.readBytes),
    },
    {
      name: "written",

      text: ({ resources }) => bytes(resources?.writtenBytes),
    },
  ] satisfies OperationColumn[]
).map((it) => ({ ...it, wide: true, align: "right" }));

const TEXTS: OperationColumn[] = [
  { name: "title", text: (it) => it.title, atLeast: 8, readable: 16 },
  {
    name: "label",
    text: (it) => it.label ?? "",
    atLeast: 8,
    readable: 12,
    optional: true,
  },
];

export const OPERATIONS: TableSpec<Operation, OperationContext> = {
  columns: [...ALWAYS, ...WIDE, ...TEXTS],
  firstToShrink: ["title", "label", "stage", "queue", "host", "op"],
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
    const allowed = allowedFailures(operation).map(
      (name) => `${stageGlyph("allowed-failure")} ${name}`,
    );
    const [first, ...more] = [...oddNotes(operation), ...allowed];
    return `${first ?? ""}${more.length === 0 ? "" : ` +${more.length}`}`;
  }
  if (stage === undefined) return below;
  return `[${operation.currentStage + 1}/${operation.stages.length}] ${stage}${below}`;
}

/**
 * The share of the whole operation; the queue position of a queued one; a count where no share is
 * known.
 */
function doneCell(operation: Operation, context: OperationContext): string {
  const { now } = context;
  const { state, progress } = operation;
  if (state === "queued") return queuedCell(operation, now, context.startsAt(operation));
  const overall = expectedProgress(operation, context.expectedEnd(operation), now);
  if (overall.known || overall.percent >= 1) return formatOverall(overall);
  if (state !== "running" || progress === null) return "";
  return formatAmount(progress.done, progress.total, progress.unit);
}

/**
 * The position in the queue, or what the operation waits for; then its expected start where that is
 * not now.
 */
function queuedCell(operation: Operation, now: number, startsAt: number | null): string {
  const { queuePosition, waitsFor } = operation;
  const starts =
    startsAt === null || startsAt - now < 1000 ? "" : ` in ~${formatAbout(startsAt - now)}`;
  if (waitsFor !== null)
    return `after ${waitsFor.length === 1 ? waitsFor[0]!.slice(0, 4) : waitsFor.length}${starts}`;
  if (queuePosition !== null) return `#${queuePosition}${starts}`;
  const later = laterStart(operation, now);
  return later === null ? "" : formatShortTime(new Date(later), new Date(now));
}

function tookCell(it: Operation, { now }: OperationContext): string {
  if (it.startedAt === null) return "";
  return formatDuration(
    it.seconds ?? ranSeconds(it, it.finishedAt === null ? now : Date.parse(it.finishedAt)),
  );
}

function stateWord(operation: Operation): string {
  if (waitsForPerson(operation)) return "waits for you";
  if (operation.state === "queued" && operation.blocked) return "blocked";
  if (operation.state === "queued" && operation.waitsFor) return "waiting";
  if (operation.state === "running" && operation.pause?.since) return "paused";
  if (operation.state !== "running") return operation.state;
  if (operation.stalledSince) return "stalled";
  if (operation.noRoomSince) return "disk full";
  return operation.cancelRequested ? "cancelling" : "running";
}
