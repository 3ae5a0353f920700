/** Queues and schedules, a row each, and the facts of the chosen one, which can be paused and resumed. */
import type { Operation } from "../../../../protocol/operation.js";
import type { QueueReply, ScheduleReply } from "../../../../protocol/replies.js";
import { isFinal } from "../../../../protocol/state.js";
import { elapsedOf } from "../../../describe/duration.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import type { Column, TableSpec } from "../../../kit/output/table.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatCount, formatDuration } from "../../../terminal/format.js";
import { formatLeft, longLeft } from "../../../terminal/time-left.js";
import { actionsIn, ask, onPage, requests, send } from "../../core/action-parts.js";
import { nameOf, operationOf } from "../../core/chain.js";
import { chainTime } from "../../core/chain-time.js";
import { isReachable } from "../../core/hosts.js";
import { bareOf, hostOfKey, keyBeside } from "../../core/key.js";
import type { PageOf, State } from "../../core/model.js";
import { rowAt, rowMover } from "../../core/movers.js";
import { dialogSize, RowDialog, useTheme } from "../../core/Panel.js";
import { closePage } from "../../core/pages.js";
import { forecastOf, queueOf, waitOf } from "../../core/queue-view.js";
import type { Request } from "../../core/request.js";
import { glyphOf, PAUSED, stateWord, styleOf } from "../../core/state-style.js";
import { tableRows } from "../../core/table-rows.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { factRows, Line, paragraph } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";

const WIDEST = 110;

type Row = QueueReply | ScheduleReply;

const column = <T extends Row>(name: string, text: (record: T) => string, more: Partial<Column<T>> = {}) => ({
  name,
  about: "",
  text,
  ...more,
});

const figure = (name: "running" | "queued" | "concurrency", title: string): Column<QueueReply> =>
  column(title, (queue) => formatCount(queue[name]), { align: "right" });

const nameColumns = <T extends Row>(title: string): Column<T>[] => [
  column(title, ({ name }) => bareOf(name), { atLeast: 8 }),
  column("host", ({ name }) => hostOfKey(name) ?? "", { optional: true }),
];

const QUEUES: TableSpec<QueueReply> = {
  columns: [
    ...nameColumns<QueueReply>("queue"),
    column("state", ({ pausedSince }) => (pausedSince === null ? "● starts" : `${PAUSED} paused`)),
    figure("concurrency", "slots"),
    figure("running", "running"),
    figure("queued", "queued"),
  ],
  firstToShrink: ["queue"],
  firstToGo: ["host", "slots", "running", "queued", "state"],
};

const PROBLEMS = { late: "late", unsuccessful: "fails", missed: "missed" };

function problemOf({ missing, lastProblem }: ScheduleReply): string {
  if (missing) return `▲ ${PROBLEMS[missing.kind] ?? PROBLEMS.missed}`;
  return lastProblem === null ? "" : "▲ no run";
}

const schedulesOf = (state: State): TableSpec<ScheduleReply> => ({
  columns: [
    ...nameColumns<ScheduleReply>("schedule"),
    column("next", ({ pausedSince, nextAt }) => {
      if (pausedSince !== null) return `${PAUSED} paused`;
      return nextAt === null ? "no run is left" : formatShortTime(new Date(nextAt), new Date(state.now));
    }),
    column("last", (schedule) => {
      const last = lastOf(state, schedule);
      const age = last && `${glyphOf(last)} ${formatAge(last.finishedAt ?? last.updatedAt, state.now)}`;
      return age ?? (schedule.lastOperation === null ? "none" : "–");
    }),
    column("problem", problemOf, { optional: true }),
    column("times", ({ cron, zone }) => `${cron} ${zone}`),
    column("operation", ({ file, operation }) => file ?? operation.op, { atLeast: 8 }),
  ],
  firstToShrink: ["operation", "schedule"],
  firstToGo: ["host", "operation", "times", "last", "next", "problem"],
});

const lastOf = (state: State, { lastOperation, name }: ScheduleReply): Operation | null =>
  operationOf(state, lastOperation === null ? null : keyBeside(lastOperation, name));

export function QueuesPage({ state, page }: { state: State; page: PageOf<"queues"> }) {
  const { paint } = useTheme();
  const { all: queues, schedules } = state.queues;
  const at = rowAt(page.at, queues.length + schedules.length);
  const { width, height } = dialogSize(state, undefined, WIDEST);
  // What a host that does not answer told last may be out of date.
  const styleOf = ({ name, pausedSince }: Row, title: string): Style => {
    if (!isReachable(state, name)) return "muted";
    return title === "problem" || (pausedSince !== null && (title === "state" || title === "next"))
      ? "warn"
      : "plain";
  };
  const look = { width, now: state.now, paint, styleOf };
  const isSchedule = at >= queues.length;
  const tables = [
    ...tableRows(QUEUES, queues, at, look),
    "",
    ...(schedules.length === 0
      ? [new Line(width, paint).add("  no schedules; add one: liveops schedule add '0 2 * * *' …", "muted")]
      : tableRows(schedulesOf(state), schedules, at - queues.length, look)),
    "",
  ];
  const chosen = isSchedule ? schedules[at - queues.length] : queues[at];
  const room = Math.max(0, height - tables.length);
  return (
    <RowDialog
      state={state}
      widest={WIDEST}
      title={[
        ["Queues", "bold"],
        [` ${formatCount(queues.length)}`, "muted"],
        ["  Schedules", "bold"],
        [` ${formatCount(schedules.length)}`, "muted"],
      ]}
      rows={[...tables, ...(chosen === undefined ? [] : factsOf(state, chosen, width, room, paint))]}
      // The heads of the tables stand before the rows.
      chosen={isSchedule ? at + 3 : at + 1}
    />
  );
}

function factsOf(state: State, chosen: Row, width: number, room: number, paint: Paint): Line[] {
  return "cron" in chosen
    ? scheduleRows(state, chosen, width, paint)
    : queueRows(state, chosen, width, room, paint);
}

/** What runs in the queue, then what comes next. */
function queueRows(state: State, queue: QueueReply, width: number, room: number, paint: Paint): Line[] {
  const own = [...state.view.operations.values(), ...state.fetched.values()].filter(
    (operation) => !isFinal(operation.state) && queueOf(operation) === queue.name,
  );
  const { pausedSince } = queue;
  const paused =
    pausedSince === null
      ? []
      : [`  ${PAUSED} paused for ${formatAge(pausedSince, state.now)}: nothing starts`];
  const placeOf = ({ state: is, queuePosition }: Operation): number =>
    is === "running" ? -1 : (queuePosition ?? Number.MAX_SAFE_INTEGER);
  const sorted = own.toSorted((a, b) => placeOf(a) - placeOf(b));
  const shown = sorted.slice(0, Math.max(1, room - 1 - paused.length));
  const more = queue.running + queue.queued - shown.length;
  const rows = [
    ...paused.map((text) => new Line(width, paint).add(text, "warn")),
    ...shown.map((operation) => operationRow(state, operation, width, paint)),
  ];
  return more > 0 ? [...rows, new Line(width, paint).add(`  ⋯ ${formatCount(more)} more`, "muted")] : rows;
}

function operationRow(state: State, operation: Operation, width: number, paint: Paint): Line {
  const line = new Line(width, paint).add(`  ${glyphOf(operation)} `, styleOf(operation));
  const text = sanitizeLine(
    operation.state === "running" ? leftOf(state, operation) : startOf(state, operation),
  );
  const name = fit(sanitizeLine(nameOf(state, operation)), Math.max(4, line.left - widthOf(text) - 2));
  return line.add(name).right(text, "muted");
}

/** The time left, or what it waits for. */
function leftOf(state: State, operation: Operation): string {
  const word = stateWord(operation);
  return word === "running" ? longLeft(chainTime(state, operation)) : word;
}

function startOf(state: State, operation: Operation): string {
  const at = forecastOf(state, operation)?.startsAt ?? null;
  if (at === null) return waitOf(state, operation)?.long ?? "";
  const seconds = (Date.parse(at) - state.now) / 1000;
  return seconds < 1 ? "next" : `in ${formatLeft(seconds)}`;
}

function scheduleRows(state: State, schedule: ScheduleReply, width: number, paint: Paint): Line[] {
  const { pausedSince, nextAt, missing, lastProblem, rebootProblem } = schedule;
  const { missed, jitter, overlap, catchup } = schedule;
  const last = lastOf(state, schedule);
  const took = last !== null && isFinal(last.state) ? elapsedOf(last, state.now) : null;
  const facts = [
    pausedSince !== null && `paused for ${formatAge(pausedSince, state.now)}: it submits nothing`,
    pausedSince === null &&
      nextAt !== null &&
      `next run in ${formatLeft((Date.parse(nextAt) - state.now) / 1000)}`,
    last !== null && `last run ${last.state}${took === null ? "" : ` after ${formatDuration(took)}`}`,
    missed > 0 && `${formatCount(missed)} missed`,
    jitter > 0 && `up to ${formatDuration(jitter)} later`,
    `overlap ${overlap}`,
    `catch up ${catchup}`,
  ].filter((fact) => typeof fact === "string");
  const problems = [missing?.text, lastProblem, rebootProblem].filter((text) => typeof text === "string");
  return [
    ...problems.flatMap((text) => paragraph(text, { width, most: 4, paint, sign: "  ▲ " }, "warn")),
    ...factRows(facts, width, paint),
  ];
}

export const QUEUES_MOVER = rowMover(
  "queues",
  ({ queues: { all: queues, schedules } }) => queues.length + schedules.length,
);

/** Pauses or resumes the chosen queue or schedule. */
function turned({ page, queues: { all: queues, schedules } }: State): Request | string {
  if (page?.kind !== "queues") return "";
  const at = rowAt(page.at, queues.length + schedules.length);
  const queue = queues[at];
  const chosen = queue ?? schedules[at - queues.length];
  if (chosen === undefined) return "";
  const word = chosen.pausedSince === null ? "pause" : "resume";
  return { kind: queue === undefined ? `${word}-schedule` : `${word}-queue`, name: chosen.name };
}

export const QUEUES_ACTIONS = actionsIn(onPage("queues"), [
  {
    name: "pause",
    keys: ["p"],
    description: "pause or resume the queue or schedule",
    hint: (state) => {
      const request = turned(state);
      return typeof request === "string" ? null : (request.kind.split("-")[0] ?? null);
    },
    rank: 0,
    ...requests(turned, (state, request) =>
      request.kind.endsWith("schedule") ? send(state, request) : ask(state, request),
    ),
  },
  { name: "queues", keys: ["Q"], run: closePage },
]);
