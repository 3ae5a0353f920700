/** Queues and schedules in the place of the list, and the chosen one beside them. It can be paused and resumed. */
import { Box } from "ink";
import type { QueueReply, ScheduleReply } from "../../../../protocol/replies.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatCount } from "../../../terminal/format.js";
import { actionsIn, ask, onPage, requests, send } from "../../core/action-parts.js";
import { operationOf } from "../../core/chain.js";
import { hostNames, isReachable, keyColumn } from "../../core/hosts.js";
import { bareOf, hostOfKey, keyBeside } from "../../core/key.js";
import { BORDER, panesOf, scrollTop } from "../../core/layout.js";
import type { PageOf, State } from "../../core/model.js";
import { rowAt, rowMover } from "../../core/movers.js";
import { Panel, Rows, useTheme } from "../../core/Panel.js";
import { closePage } from "../../core/pages.js";
import type { Request } from "../../core/request.js";
import { glyphOf, PAUSED, styleOf } from "../../core/state-style.js";
import { fit, fitName, sanitizeLine } from "../../text/cells.js";
import { type Drawn, Line, type Piece } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";
import { queueRows, scheduleRows } from "./chosen-rows.js";

/** Columns from which the chosen one stands beside the tables, and rows from which it stands below them. */
const BESIDE_FROM = 76;
const BELOW_FROM = 24;
/** Columns of the tables, with their border. */
const TABLES = 58;
/** Columns of the marks before a name. */
const NAME_AT = 3;
const FIGURE = 8;
const NEXT = 13;
const LAST = 8;
const HOST_MOST = 14;

export function QueuesPage({ state, page }: { state: State; page: PageOf<"queues"> }) {
  const { paint } = useTheme();
  const { height, gap } = panesOf(state);
  const { columns } = state.size;
  const { all: queues, schedules } = state.queues;
  const at = rowAt(page.at, queues.length + schedules.length);
  const isBeside = columns >= BESIDE_FROM;
  const width = isBeside ? Math.min(TABLES, Math.floor(columns * 0.52)) : columns;
  const isBelow = !isBeside && height >= BELOW_FROM;
  const tablesHeight = isBelow ? Math.floor(height / 2) : height;
  const [upper, lower] = heights(queues.length, schedules.length, tablesHeight);
  const room = width - BORDER - 1;
  const sides = { state, width: room, paint };
  const queueTable = windowed(
    queueHead(sides),
    queues.map((queue, i) => queueRow(sides, queue, i === at)),
    at,
    upper,
  );
  const isSchedule = at >= queues.length;
  const scheduleTable =
    schedules.length === 0
      ? [
          new Line(room, paint).add("  none; add one with:", "muted"),
          new Line(room, paint).add("  liveops schedule add '0 2 * * *' …"),
        ]
      : windowed(
          scheduleHead(sides),
          schedules.map((schedule, i) => scheduleRow(sides, schedule, i + queues.length === at)),
          isSchedule ? at - queues.length : 0,
          lower,
        );
  const title = (text: string, count: number): Piece[] => [
    [text, "bold"],
    [` ${formatCount(count)}`, "muted"],
  ];
  const detail = {
    width: isBeside ? columns - width - gap : columns,
    height: isBeside ? height : height - tablesHeight,
  };
  return (
    <Box flexDirection={isBeside ? "row" : "column"} columnGap={isBeside ? gap : 0}>
      <Box flexDirection="column" width={width} height={tablesHeight} flexShrink={0}>
        <Panel width={width} height={upper} title={title("Queues", queues.length)} active={!isSchedule}>
          <Rows rows={queueTable} />
        </Panel>
        <Panel width={width} height={lower} title={title("Schedules", schedules.length)} active={isSchedule}>
          <Rows rows={scheduleTable} />
        </Panel>
      </Box>
      {(isBeside || isBelow) && <Chosen state={state} at={at} {...detail} />}
    </Box>
  );
}

function Chosen({ state, at, width, height }: { state: State; at: number; width: number; height: number }) {
  const { paint } = useTheme();
  const { all: queues, schedules } = state.queues;
  const queue = queues[at];
  const schedule = schedules[at - queues.length];
  const room = { width: width - BORDER - 2, height: height - BORDER };
  const name = queue?.name ?? schedule?.name ?? "";
  const rows =
    queue !== undefined
      ? queueRows(state, queue, room, paint)
      : schedule !== undefined
        ? scheduleRows(state, schedule, room, paint)
        : [];
  return (
    <Panel
      width={width}
      height={height}
      title={[
        [queue !== undefined ? "Queue " : "Schedule ", "bold"],
        [sanitizeLine(bareOf(name)), "accent", "bold"],
      ]}
      margin={1}
    >
      <Rows rows={rows.slice(0, room.height)} />
    </Panel>
  );
}

/** Outer heights of the two tables: each has its rows, and the rest is of the schedules. */
function heights(queues: number, schedules: number, all: number): [upper: number, lower: number] {
  const least = BORDER + 1 + Math.min(2, schedules);
  const upper = Math.max(BORDER + 2, Math.min(queues + 1 + BORDER, all - least));
  return [upper, all - upper];
}

/** The head, and the rows around the chosen one. */
function windowed(head: Line, rows: readonly Line[], at: number, outer: number): Drawn[] {
  const height = Math.max(1, outer - BORDER - 1);
  const top = scrollTop(0, Math.min(at, rows.length - 1), rows.length, height);
  return [head, ...rows.slice(top, top + height)];
}

interface Sides {
  readonly state: State;
  readonly width: number;
  readonly paint: Paint;
}

function nameWidth({ state, width }: Sides, figures: number): number {
  return Math.max(8, width - NAME_AT - hostWidth(state) - figures);
}

/** The column of the host; 0: the keys of the rows name no host. */
function hostWidth(state: State): number {
  const width = Math.min(HOST_MOST, keyColumn(state));
  return width === 0 ? 0 : width + 1;
}

function addHost(line: Line, state: State, name: string, style: Style): Line {
  const width = hostWidth(state);
  if (width === 0) return line;
  const end = line.width - line.left + width;
  return line.add(fitName(sanitizeLine(name), width - 1, hostNames(state)), style).fill(end);
}

const QUEUE_FIGURES = 3 * FIGURE;
const SCHEDULE_FIGURES = NEXT + LAST + 2;

function queueHead(sides: Sides): Line {
  const { state, width, paint } = sides;
  const line = new Line(width, paint).add("   name", "muted").fill(NAME_AT + nameWidth(sides, QUEUE_FIGURES));
  addHost(line, state, "host", "muted");
  for (const word of ["slots", "running", "queued"]) line.add(word.padStart(FIGURE), "muted");
  return line;
}

function scheduleHead(sides: Sides): Line {
  const { state, width, paint } = sides;
  const line = new Line(width, paint)
    .add("   name", "muted")
    .fill(NAME_AT + nameWidth(sides, SCHEDULE_FIGURES));
  return addHost(line, state, "host", "muted")
    .add("next".padEnd(NEXT + 2), "muted")
    .add("last", "muted");
}

/** The sign, the name and the host. A row of a host that does not answer has what the host told last. */
function begun(sides: Sides, name: string, isPaused: boolean, chosen: boolean, figures: number): Line {
  const { state, width, paint } = sides;
  const own: Paint = isReachable(state, name) ? paint : (text, ...styles) => paint(text, "dim", ...styles);
  const line = new Line(width, own)
    .add(chosen ? "▌" : " ", "accent")
    .add(isPaused ? PAUSED : " ", "warn")
    .add(" ");
  const columns = nameWidth(sides, figures);
  line.add(fit(sanitizeLine(bareOf(name)), columns - 1), chosen ? "bold" : "plain").fill(NAME_AT + columns);
  return addHost(line, state, hostOfKey(name) ?? "", "plain");
}

function queueRow(sides: Sides, queue: QueueReply, chosen: boolean): Line {
  const { name, concurrency, running, queued, pausedSince } = queue;
  const line = begun(sides, name, pausedSince !== null, chosen, QUEUE_FIGURES);
  for (const figure of [concurrency, running, queued])
    line.add(formatCount(figure).padStart(FIGURE), figure === 0 ? "muted" : "plain");
  return line;
}

/** At most as wide as the column. */
const WRONG = { late: "late", unsuccessful: "fails", missed: "missed" };

function scheduleRow(sides: Sides, schedule: ScheduleReply, chosen: boolean): Line {
  const { state } = sides;
  const { name, nextAt, pausedSince, lastOperation, lastProblem, missing } = schedule;
  const line = begun(sides, name, pausedSince !== null, chosen, SCHEDULE_FIGURES);
  const end = line.width - line.left + NEXT + 2;
  if (pausedSince !== null) line.add("paused", "warn");
  else if (nextAt === null) line.add("no run is left", "muted");
  else line.add(fit(formatShortTime(new Date(nextAt), new Date(state.now)), NEXT));
  line.fill(end);
  const last = operationOf(state, lastOperation === null ? null : keyBeside(lastOperation, name));
  if (missing) return line.add(`▲ ${WRONG[missing.kind] ?? WRONG.missed}`, "warn");
  if (lastProblem !== null) return line.add("▲ no run", "warn");
  if (last === null) return line.add(lastOperation === null ? "none" : "–", "muted");
  return line
    .add(`${glyphOf(last)} `, styleOf(last))
    .add(formatAge(last.finishedAt ?? last.updatedAt, state.now), "muted");
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
