/** Queues and schedules, a row each; the chosen one can be paused and resumed. */

import type { QueueReply, ScheduleReply } from "../../../../protocol/replies.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatCount } from "../../../terminal/format.js";
import { formatLeft } from "../../../terminal/time-left.js";
import { ask, busy, inGroup, onPage, send } from "../../core/action-parts.js";
import { operationOf } from "../../core/chain.js";
import { bareOf, hostOfKey, keyBeside } from "../../core/host-key.js";
import { hasSeveral, hostColumn, hostNames, isReachable } from "../../core/host-view.js";
import type { PageOf, State } from "../../core/model.js";
import { rowAt, rowMover } from "../../core/movers.js";
import { dialogSize, RowDialog, useTheme } from "../../core/Panel.js";
import { glyphOf, PAUSED, styleOf } from "../../core/state-style.js";
import { fit, fitName, sanitizeLine } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";

const WIDEST = 100;
const NAME = 18;
const FIGURE = 9;
/** Columns of the next run of a schedule, and of what came of the last one. */
const NEXT = 22;
const LAST = 9;

export function QueuesPage({ state, page }: { state: State; page: PageOf<"queues"> }) {
  const { paint } = useTheme();
  const { width } = dialogSize(state, undefined, WIDEST);
  const { rows, chosen } = pageRows(state, page, width, paint);
  return (
    <RowDialog
      state={state}
      widest={WIDEST}
      title={[["Queues and schedules", "bold"]]}
      rows={rows}
      chosen={chosen}
    />
  );
}

function pageRows(
  state: State,
  page: PageOf<"queues">,
  width: number,
  paint: Paint,
): { rows: string[]; chosen: number } {
  const { queues, schedules } = state;
  const at = rowAt(page.at, queues.length + schedules.length);
  const head = (words: readonly string[], name: string) => {
    const line = new Line(width, paint)
      .add("  ")
      .add(name, "muted")
      .fill(2 + NAME);
    addHost(line, state, "host", "muted");
    for (const word of words) line.add(word.padStart(FIGURE), "muted");
    return line;
  };
  const queueRows = queues.map((queue, i) => queueRow(state, queue, i === at, width, paint));
  const scheduleRows = schedules.map((schedule, i) =>
    scheduleRow(state, schedule, i + queues.length === at, width, paint),
  );
  const none = new Line(width, paint)
    .add("  none; add one with: ", "muted")
    .add("liveops schedule add '0 2 * * *' …");
  const rows = [
    head(["slots", "running", "queued"], "queue").add("   state", "muted").toString(),
    ...queueRows,
    "",
    addHost(new Line(width, paint).add("  schedule", "muted").fill(2 + NAME), state, "host", "muted")
      .add("  next run".padEnd(NEXT + 2), "muted")
      .add("last".padEnd(LAST), "muted")
      .add("operation and times", "muted")
      .toString(),
    ...(schedules.length === 0 ? [none.toString()] : scheduleRows),
  ];
  // Heads of the tables stand before the rows.
  return { rows, chosen: at < queues.length ? at + 1 : at + 3 };
}

/** Columns of the name of a host. */
const HOST_MOST = 14;

/** Adds the host of the row, if there are several hosts. */
function addHost(line: Line, state: State, name: string, style: Style): Line {
  const longest = Math.min(HOST_MOST, hasSeveral(state) ? hostColumn(state) : 0);
  if (longest === 0) return line;
  const end = line.width - line.left + longest + 1;
  return line.add(fitName(sanitizeLine(name), longest, hostNames(state)), style).fill(end);
}

/** A row of a host that does not answer has what the host told last. */
const paintOf = (state: State, name: string, paint: Paint): Paint =>
  isReachable(state, name) ? paint : (text, ...styles) => paint(text, "dim", ...styles);

/** The name and the host of a row. */
function rowOf(state: State, name: string, chosen: boolean, width: number, paint: Paint): Line {
  const line = new Line(width, paintOf(state, name, paint)).add(chosen ? "▌ " : "  ", "accent");
  line.add(fit(sanitizeLine(bareOf(name)), NAME - 1), chosen ? "bold" : "plain").fill(2 + NAME);
  return addHost(line, state, hostOfKey(name) ?? "", "plain");
}

function queueRow(
  state: State,
  { name, concurrency, running, queued, pausedSince }: QueueReply,
  chosen: boolean,
  width: number,
  paint: Paint,
): string {
  const line = rowOf(state, name, chosen, width, paint);
  for (const figure of [concurrency, running, queued]) line.add(formatCount(figure).padStart(FIGURE));
  if (pausedSince !== null) line.add(`   ${PAUSED} paused for ${formatAge(pausedSince, state.now)}`, "warn");
  return line.toString();
}

function scheduleRow(
  state: State,
  { name, nextAt, pausedSince, cron, zone, operation, lastOperation, lastProblem, missed }: ScheduleReply,
  chosen: boolean,
  width: number,
  paint: Paint,
): string {
  const line = rowOf(state, name, chosen, width, paint);
  const end = width - line.left + 2 + NEXT;
  if (pausedSince !== null) line.add(`  ${PAUSED} paused for ${formatAge(pausedSince, state.now)}`, "warn");
  else if (nextAt === null) line.add("  no run is left", "muted");
  else {
    const left = formatLeft((Date.parse(nextAt) - state.now) / 1000);
    line.add(`  ${formatShortTime(new Date(nextAt), new Date(state.now))}, in ${left}`);
  }
  const last = operationOf(state, lastOperation === null ? null : keyBeside(lastOperation, name));
  line.fill(end);
  if (last === null) line.add(lastOperation === null ? "none" : "–", "muted");
  else
    line
      .add(`${glyphOf(last)} `, styleOf(last))
      .add(formatAge(last.finishedAt ?? last.updatedAt, state.now), "muted");
  line.fill(end + LAST - 2);
  line.addWhole(`  ${sanitizeLine(operation.op)}`, "accent");
  line.addWhole(`  ${sanitizeLine(cron)} ${sanitizeLine(zone)}`, "muted");
  if (missed > 0) line.addWhole(`  ${formatCount(missed)} missed`, "warn");
  if (lastProblem !== null) line.add("  ").addUntrusted(lastProblem, "warn");
  return line.toString();
}

export const QUEUES_MOVER = rowMover("queues", ({ queues, schedules }) => queues.length + schedules.length);

/** The chosen queue or schedule; null: there is none. */
function chosenOf(state: State): { of: "queue" | "schedule"; name: string; isPaused: boolean } | null {
  if (state.page?.kind !== "queues") return null;
  const at = rowAt(state.page.at, state.queues.length + state.schedules.length);
  const queue = state.queues[at];
  const chosen = queue ?? state.schedules[at - state.queues.length];
  if (chosen === undefined) return null;
  const of = queue === undefined ? "schedule" : "queue";
  return { of, name: chosen.name, isPaused: chosen.pausedSince !== null };
}

export const QUEUES_ACTIONS = inGroup("general", onPage("queues"), [
  {
    name: "switch-queue",
    keys: ["p", "return"],
    hint: (state) => (chosenOf(state)?.isPaused ? "resume" : "pause"),
    rank: 0,
    disabledReason: (state) => {
      const chosen = chosenOf(state);
      return chosen === null ? "" : busy(state, [chosen.name]);
    },
    run: (state) => {
      const chosen = chosenOf(state);
      if (chosen === null) return state;
      const { of, name, isPaused } = chosen;
      const word = isPaused ? "resume" : "pause";
      return of === "queue"
        ? ask(state, { kind: `${word}-queue`, name })
        : send(state, { kind: `${word}-schedule`, name });
    },
  },
  {
    name: "close-queues",
    keys: ["Q"],
    run: (state) => ({ ...state, page: null }),
  },
]);
