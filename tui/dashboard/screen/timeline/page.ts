/**
 * The timeline: the chain's Gantt above, the replay below it. The replay is the very view of an operation that the
 * dashboard has, over the records as they were and the lines that had been logged by then.
 */
import { formatCount, formatDuration } from "../../../terminal/format.js";
import { inWords } from "../../replay/in-words.js";
import { type Lanes, lanesOfRecords, lanesOfTape } from "../../replay/lanes.js";
import type { Player } from "../../replay/player.js";
import { durationOf, entryAt, linesBefore, type Moment, momentAt, type Tape } from "../../replay/tape.js";
import { NO_LOG } from "../../state/log-window.js";
import { chainOf, operationOf, type State } from "../../state/model.js";
import type { TimelinePage } from "../../state/pages/timeline.js";
import { fit, tame } from "../cells.js";
import { detail } from "../detail.js";
import { FRAME_ROWS } from "../layout.js";
import { Line } from "../line.js";
import type { Paint } from "../paint.js";
import { gantt, ganttHeight } from "./gantt.js";

/** Rows that the replay keeps at least. */
const REPLAY_LEAST = 8;

export function timelinePage(
  state: State,
  page: TimelinePage,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const { tape, player } = page;
  const moment = shownMoment(state, page);
  const { start, lanes } = lanesOf(state, page);
  const running = [...moment.records.values()].some(({ finishedAt }) => finishedAt === null);
  // What is live goes on by the clock, not by the last event.
  const now = state.connection.state === "away" ? state.connection.since : state.now;
  const length = Math.max(
    durationOf(tape),
    ...lanes.flatMap((lane) => lane.spans.map(({ from, to }) => to ?? from)),
  );
  const end = Math.max(1, player.live && running ? Math.max(length, now - start) : length);
  const at = player.live ? end : player.at;
  const view = {
    lanes,
    records: moment.records,
    titles: titlesOf(page, moment),
    current: moment.current,
    at,
    end,
    live: player.live,
  };
  const above = Math.min(
    ganttHeight(view),
    Math.max(3, height - REPLAY_LEAST - 1),
    Math.max(4, Math.ceil(height * 0.5)),
  );
  const rows = [...gantt(view, width, above, paint), control(page, running, at, end, width, paint)];
  return [...rows, ...replayed(state, page, moment, start + at, width, height - rows.length, paint)];
}

/** Before the tape is read, what the records know. */
function shownMoment(state: State, { tape, player, id }: TimelinePage): Moment {
  const operation = operationOf(state, id);
  if (tape.length === 0 && operation !== null)
    return { records: new Map(chainOf(state, operation).map((link) => [link.id, link])), current: id };
  const moment = momentAt(tape, player.place);
  // At its end the records of the stream are as new, and know the place in the queue as well.
  if (!player.live) return moment;
  const records = new Map([...moment.records].map(([key, held]) => [key, operationOf(state, key) ?? held]));
  return { ...moment, records };
}

/** Also of what is yet to come at the replay's place. */
function titlesOf({ tape }: TimelinePage, { records }: Moment): Map<string, string> {
  return new Map([...tape.end.records, ...records].map(([id, { title }]) => [id, title]));
}

function lanesOf(state: State, { tape, id }: TimelinePage): Lanes {
  if (tape.length > 0) return lanesOfTape(tape);
  const operation = operationOf(state, id);
  return operation === null ? { start: state.now, lanes: [] } : lanesOfRecords(chainOf(state, operation));
}

/** `─ ▶ 4x · 12s of 1m05s · 123 of 456 · entered Archive ───` */
function control(
  { tape, player, broken }: TimelinePage,
  running: boolean,
  at: number,
  end: number,
  width: number,
  paint: Paint,
): string {
  const line = new Line(width, paint).add("─ ", "dim");
  if (tape.length === 0 && broken === null)
    return line.add("reading what is stored ", "dim").fill(width, "─", "dim").toString();
  const mark = player.playing ? "▶" : !player.live ? "‖" : running ? "●" : "■";
  line.add(`${mark} `, "cyan").add(player.live ? (running ? "live" : "end") : `${player.speed}x`, "bold");
  if (player.live && player.speed !== 1) line.add(` ${player.speed}x`);
  line.add(` · ${formatDuration(at / 1000)} of ${formatDuration(end / 1000)}`, "plain");
  line.addWhole(` · ${formatCount(player.place)} of ${formatCount(tape.length)}`, "dim");
  const entry = entryAt(tape, player.place - 1);
  const said = entry === undefined ? "" : tame(inWords(entry.line));
  if (broken !== null) line.addWhole(` · ${fit(tame(broken), Math.max(0, line.left - 4))}`, "yellow");
  else if (said !== "" && line.left > 12) line.add(` · ${fit(said, line.left - 5)}`);
  return line.add(" ").fill(width, "─", "dim").toString();
}

/** Milliseconds since the last entry, where the replay stands: what is live goes by what the stream brought. */
function sinceMoved(tape: Tape, { place, at, live }: Player): number {
  return live ? 0 : Math.max(0, at - (entryAt(tape, place - 1)?.t ?? at));
}

/** The view of an operation, as it was. */
function replayed(
  state: State,
  { tape, player }: TimelinePage,
  { records, current }: Moment,
  now: number,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const operation = current === null ? undefined : records.get(current);
  if (operation === undefined || height < 1) return [];
  const lines = linesBefore(tape, player.place, operation.id, Math.max(50, height));
  const [from, to] = [lines[0]?.n ?? 1, lines.at(-1)?.n ?? 0];
  const log = { ...NO_LOG, id: operation.id, total: operation.logLines, lines, from, to };
  const past: State = {
    ...state,
    size: { columns: width, rows: height + FRAME_ROWS, alone: true },
    now,
    view: { ...state.view, operations: records },
    fetched: new Map(),
    heard: new Map([[operation.id, now - sinceMoved(tape, player)]]),
    selected: operation.id,
    pane: "list",
    log,
    search: null,
    seek: null,
    stepWaits: null,
  };
  return detail(past, paint).slice(0, height);
}
