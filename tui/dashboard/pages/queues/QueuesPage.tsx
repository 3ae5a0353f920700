/**
 * Queues and schedules, a row each, and the facts of the chosen one. A queue can be paused and
 * resumed.
 */
import type { Operation } from "../../../../protocol/operation.js";
import type { QueueReply, ScheduleReply } from "../../../../protocol/replies.js";
import { isFinal } from "../../../../protocol/state.js";
import { elapsedOf } from "../../../describe/duration.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import type { Column, TableSpec } from "../../../kit/output/table.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatCount, formatDuration } from "../../../terminal/format.js";
import { formatLeft } from "../../../terminal/time-left.js";
import { operationOf } from "../../core/chain.js";
import { actionsIn, onPage, requests } from "../../core/keys/action-parts.js";
import { rowAt, rowMover } from "../../core/keys/movers.js";
import { dialogSize, RowDialog, useTheme } from "../../core/layout/Panel.js";
import { tableRows } from "../../core/layout/table-rows.js";
import type { PageOf, State } from "../../core/model.js";
import type { Request } from "../../core/request.js";
import { glyphOf, PAUSED } from "../../core/state-style.js";
import { closePage } from "../../core/submit/pages.js";
import { sanitizeLine } from "../../text/cells.js";
import { factRows, Line, paragraph } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";

const WIDEST = 110;

type Row = QueueReply | ScheduleReply;

const column = <T extends Row>(
  name: string,
  text: (record: T) => string,
  more: Partial<Column<T>> = {},
) => ({
  name,
  text,
  ...more,
});

const figure = (
  name: "running" | "queued" | "toAnswer" | "concurrency",
  title: string,
): Column<QueueReply> => column(title, (queue) => formatCount(queue[name]), { align: "right" });

const nameColumn = <T extends Row>(title: string): Column<T> =>
  column(title, ({ name }) => name, { atLeast: 8 });

const QUEUES: TableSpec<QueueReply> = {
  columns: [
    nameColumn<QueueReply>("queue"),
    column("state", ({ pausedSince }) => (pausedSince === null ? "● starts" : `${PAUSED} paused`)),
    figure("concurrency", "slots"),
    figure("running", "running"),
    figure("queued", "queued"),
    figure("toAnswer", "to answer"),
  ],
  firstToShrink: ["queue"],
  firstToGo: ["slots", "to answer", "running", "queued", "state"],
};

const PROBLEMS = { late: "late", unsuccessful: "fails", missed: "missed" };

function problemOf({ missing, lastProblem }: ScheduleReply): string {
  if (missing) return `▲ ${PROBLEMS[missing.kind] ?? PROBLEMS.missed}`;
  return lastProblem === null ? "" : "▲ no run";
}

const schedulesOf = (state: State): TableSpec<ScheduleReply> => ({
  columns: [
    nameColumn<ScheduleReply>("schedule"),
    column("next", ({ nextAt }) =>
      nextAt === null ? "no run is left" : formatShortTime(new Date(nextAt), new Date(state.now)),
    ),
    column("last", (schedule) => {
      const last = lastOf(state, schedule);
      const age =
        last && `${glyphOf(last)} ${formatAge(last.finishedAt ?? last.updatedAt, state.now)}`;
      return age ?? (schedule.lastOperation === null ? "none" : "–");
    }),
    column("problem", problemOf, { optional: true }),
    column("times", ({ cron, zone }) => `${cron} ${zone}`),
    column("operation", ({ file, operation }) => file ?? operation.op, { atLeast: 8 }),
  ],
  firstToShrink: ["operation", "schedule"],
  firstToGo: ["operation", "times", "last", "next", "problem"],
});

const lastOf = (state: State, { lastOperation }: ScheduleReply): Operation | null =>
  operationOf(state, lastOperation);

const rowsOf = ({ queues }: State): readonly Row[] => [...queues.all, ...queues.schedules];

export function QueuesPage({ state, page }: { state: State; page: PageOf<"queues"> }) {
  const { paint } = useTheme();
  const { all: queues, schedules } = state.queues;
  const rows = rowsOf(state);
  const at = rowAt(page.at, rows.length);
  const { width } = dialogSize(state, undefined, WIDEST);
  const styleOf = (row: Row, title: string): Style => {
    const isPaused = title === "state" && "pausedSince" in row && row.pausedSince !== null;
    return title === "problem" || isPaused ? "warn" : "plain";
  };
  const look = { width, now: state.now, paint, styleOf };
  const none = new Line(width, paint).add(
    "  no schedules; add one: liveops schedule add '0 2 * * *' …",
    "muted",
  );
  const chosen = rows[at];
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
      rows={[
        ...tableRows(QUEUES, queues, at, look),
        "",
        ...(schedules.length === 0
          ? [none]
          : tableRows(schedulesOf(state), schedules, at - queues.length, look)),
        "",
        ...(chosen === undefined ? [] : factsOf(state, chosen, width, paint)),
      ]}
      // The heads of the tables stand before the rows.
      chosen={at >= queues.length ? at + 3 : at + 1}
    />
  );
}

function factsOf(state: State, chosen: Row, width: number, paint: Paint): Line[] {
  const isSchedule = "cron" in chosen;
  const problems = isSchedule
    ? [chosen.missing?.text, chosen.lastProblem, chosen.rebootProblem]
    : [];
  const all = isSchedule ? scheduleFacts(state, chosen) : queueFacts(state, chosen);
  const facts = all.filter((fact) => typeof fact === "string");
  return [
    ...problems
      .filter((text) => typeof text === "string")
      .flatMap((text) => paragraph(text, { width, most: 4, paint, sign: "  ▲ " }, "warn")),
    ...factRows(facts, width, paint),
  ];
}

function queueFacts({ now }: State, { name, pausedSince }: QueueReply): (string | false)[] {
  return [
    pausedSince !== null && `${PAUSED} paused for ${formatAge(pausedSince, now)}: nothing starts`,
    `/ queue:${sanitizeLine(name)} lists its operations`,
  ];
}

function scheduleFacts(state: State, schedule: ScheduleReply): (string | false)[] {
  const { nextAt, missed, catchup } = schedule;
  const last = lastOf(state, schedule);
  const took = last !== null && isFinal(last.state) ? elapsedOf(last, state.now) : null;
  return [
    nextAt !== null && `next run in ${formatLeft((Date.parse(nextAt) - state.now) / 1000)}`,
    last !== null &&
      `last run ${last.state}${took === null ? "" : ` after ${formatDuration(took)}`}`,
    missed > 0 && `${formatCount(missed)} missed`,
    `catch up ${catchup}`,
  ];
}

export const QUEUES_MOVER = rowMover("queues", (state) => rowsOf(state).length);

/** Pauses or resumes the chosen queue. */
function turned(state: State): Request | string {
  const rows = rowsOf(state);
  const chosen =
    state.page?.kind === "queues" ? rows[rowAt(state.page.at, rows.length)] : undefined;
  if (chosen === undefined || "cron" in chosen) return "";
  return { kind: chosen.pausedSince === null ? "pause-queue" : "resume-queue", name: chosen.name };
}

export const QUEUES_ACTIONS = actionsIn(onPage("queues"), [
  {
    name: "pause",
    keys: ["p"],
    description: "pause or resume the queue",
    hint: (state) => {
      const request = turned(state);
      return typeof request === "string" ? null : (request.kind.split("-")[0] ?? null);
    },
    rank: 0,
    ...requests(turned),
  },
  { name: "queues", keys: ["Q"], run: closePage },
]);
