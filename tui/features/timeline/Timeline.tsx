/**
 * The timeline of a chain: its waterfall above, the replay below. The replay is the view of an operation that
 * the dashboard has, over the records as they were and the lines that had been logged by then.
 */

import { Box } from "ink";
import type { Operation } from "../../../protocol/operation.js";
import { inGroup, onPage } from "../../dashboard/core/action-parts.js";
import { chainOf, operationOf } from "../../dashboard/core/chain.js";
import { titleNamed } from "../../dashboard/core/history.js";
import {
  type Lanes,
  lanesOfRecords,
  lanesOfTape,
  rowsOfLanes,
  withPauses,
  withUsual,
} from "../../dashboard/core/lanes.js";
import { BORDER, FRAME_ROWS, panesOf } from "../../dashboard/core/layout.js";
import { NO_LOG } from "../../dashboard/core/log-window.js";
import type { State, TimelinePage } from "../../dashboard/core/model.js";
import { Panel, type Piece, Rows, useTheme } from "../../dashboard/core/Panel.js";
import { isPlaying, movePlayer } from "../../dashboard/core/pages.js";
import { OperationDetail } from "../../dashboard/pages/operation/OperationDetail.js";
import { waterfall } from "../../dashboard/pages/operation/waterfall.js";
import { fit, sanitizeLine } from "../../dashboard/text/cells.js";
import { formatCount, formatDuration } from "../../terminal/format.js";
import { faster, type Player, playOrPause, toEnd, toMilestone, toPlace, toTime } from "../replay/player.js";
import { durationOf, entryAt, linesBefore, type Moment, momentAt, type Tape } from "../replay/tape.js";
import { inWords } from "./in-words.js";

/** Rows that the replay keeps at least. */
const REPLAY_LEAST = 9;

export function Timeline({ state, page }: { state: State; page: TimelinePage }) {
  const { paint } = useTheme();
  const { height } = panesOf(state);
  const { columns } = state.size;
  const { tape, player } = page;
  const moment = shownMoment(state, page);
  const told = lanesOf(state, page);
  // A replay shows the past, and the records of the tape know nothing of pauses.
  const all = player.live ? withUsual(state, withPauses(told, moment.records), liveLinks(state, page)) : told;
  const { start, lanes } = all;
  const running = [...moment.records.values()].some(({ finishedAt }) => finishedAt === null);
  // A live replay follows the clock, not the last event.
  const now = state.connection.state === "away" ? state.connection.since : state.now;
  const length = Math.max(
    durationOf(tape),
    ...told.lanes.flatMap((lane) => lane.spans.map(({ from, to }) => to ?? from)),
  );
  const end = Math.max(1, player.live && running ? Math.max(length, now - start) : length);
  const at = player.live ? end : player.at;
  const titles = new Map([...tape.end.records, ...moment.records].map(([id, { title }]) => [id, title]));
  for (const { id } of lanes) if (!titles.has(id)) titles.set(id, titleNamed(state, id));
  const { records, current } = moment;
  const view = { lanes, records, titles, current, start, at, live: player.live };
  const above = Math.min(rowsOfLanes(all) + BORDER, Math.max(5, height - REPLAY_LEAST));
  const past = pastOf(state, page, moment, start + at, columns, height - above);
  return (
    <Box flexDirection="column" width={columns} height={height}>
      <Panel
        width={columns}
        height={above}
        title={[["Timeline", "bold"]]}
        right={control(page, running, at, end, columns)}
        active
        margin={1}
      >
        <Rows rows={waterfall(view, columns - 4, above - BORDER, paint)} />
      </Panel>
      {past !== null && <OperationDetail state={past} />}
    </Box>
  );
}

/** The chain as the stream has it. */
function liveLinks(state: State, { id }: Pick<TimelinePage, "id">): readonly Operation[] {
  const operation = operationOf(state, id);
  return operation === null ? [] : chainOf(state, operation);
}

/** Before the tape is read, the records give the spans. */
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

function lanesOf(state: State, { tape, id }: TimelinePage): Lanes {
  if (tape.length > 0) return lanesOfTape(tape);
  const links = liveLinks(state, { id });
  return links.length === 0 ? { start: state.now, lanes: [] } : lanesOfRecords(links);
}

/** `▸ 4x · 12s of 1m05s · event 123/456 · entered Archive` */
function control(
  { tape, player, broken }: TimelinePage,
  running: boolean,
  at: number,
  end: number,
  width: number,
): Piece[] {
  if (tape.length === 0 && broken === null) return [["reading the stored events", "muted"]];
  const mark = player.playing ? "▸" : !player.live ? "‖" : running ? "●" : "■";
  const word = player.live ? (running ? "live" : "end") : `${player.speed}x`;
  const pieces: Piece[] = [
    [`${mark} `, "accent"],
    [word, "bold"],
    ...(player.live && player.speed !== 1 ? [[` ${player.speed}x`] as const] : []),
    [` · ${formatDuration(at / 1000)} of ${formatDuration(end / 1000)}`],
  ];
  if (width < 70) return pieces;
  pieces.push([` · event ${formatCount(player.place)}/${formatCount(tape.length)}`, "muted"]);
  const entry = entryAt(tape, player.place - 1);
  const text = entry === undefined ? "" : sanitizeLine(inWords(entry.line));
  const room = Math.max(8, width - 70);
  if (broken !== null) pieces.push([` · ${fit(sanitizeLine(broken), room)}`, "warn"]);
  else if (text !== "") pieces.push([` · ${fit(text, Math.min(40, room))}`]);
  return pieces;
}

/** Milliseconds since the last entry, where the replay stands: what is live goes by what the stream brought. */
function sinceMoved(tape: Tape, { place, at, live }: Player): number {
  return live ? 0 : Math.max(0, at - (entryAt(tape, place - 1)?.t ?? at));
}

/** The state as it was; null before the first event. */
function pastOf(
  state: State,
  { tape, player }: TimelinePage,
  { records, current }: Moment,
  now: number,
  columns: number,
  height: number,
): State | null {
  const operation = current === null ? undefined : records.get(current);
  if (operation === undefined || height < 4) return null;
  const lines = linesBefore(tape, player.place, operation.id, Math.max(50, height));
  const [from, to] = [lines[0]?.n ?? 1, lines.at(-1)?.n ?? 0];
  const { id, title, logLines } = operation;
  return {
    ...state,
    size: { columns, rows: height + FRAME_ROWS, alone: true },
    now,
    view: { ...state.view, operations: records },
    fetched: new Map(),
    heard: new Map([[id, now - sinceMoved(tape, player)]]),
    forecast: null,
    paces: player.live ? state.paces : new Map(),
    promises: player.live ? state.promises : new Map(),
    samples: player.live ? state.samples : new Map(),
    // The present progress is too high for a place in the past.
    reached: player.live ? state.reached : new Map(),
    selected: id,
    pane: "list",
    log: { ...NO_LOG, id: operation.chain.id, total: logLines, lines, from, to },
    logLinks: [{ id, name: title, offset: 0, lines: logLines }],
    search: null,
    seek: null,
    stepWaits: null,
  };
}

const here = onPage("timeline");
/** A page of a long tape is a tenth of it. */
const PAGE = 0.1;

const step = (by: number) => (state: State) =>
  movePlayer(state, (player, tape) => toPlace(player, tape, Math.max(1, player.place + by)));
const milestone = (by: 1 | -1) => (state: State) =>
  movePlayer(state, (player, tape) => toMilestone(player, tape, by));
const page = (by: 1 | -1) => (state: State) =>
  movePlayer(state, (player, tape) => toTime(player, tape, player.at + by * PAGE * durationOf(tape)));
const speed = (by: 1 | -1) => (state: State) => movePlayer(state, (player) => faster(player, by));

export const TIMELINE_ACTIONS = inGroup("timeline", here, [
  {
    name: "replay",
    keys: [" ", "p"],
    description: "play the replay, or pause it",
    hint: (state) => (isPlaying(state) ? "pause" : "play"),
    rank: 0,
    run: (state) => movePlayer(state, playOrPause),
  },
  {
    name: "event-previous",
    keys: ["leftArrow", "h"],
    helpKeys: "← → h l",
    description: "previous event, next event",
    hint: () => "previous event",
    rank: 4,
    run: step(-1),
  },
  { name: "event-next", keys: ["rightArrow", "l"], hint: () => "next event", rank: 4, run: step(1) },
  {
    name: "replay-previous",
    keys: ["upArrow", "k", "N"],
    helpKeys: "↑ ↓ k j",
    description: "previous or next start or end of a stage",
    hint: () => "previous stage",
    rank: 5,
    run: milestone(-1),
  },
  {
    name: "replay-next",
    keys: ["downArrow", "j", "n"],
    hint: () => "next stage",
    rank: 5,
    run: milestone(1),
  },
  {
    name: "replay-page-back",
    keys: ["pageUp", "^u", "^b"],
    helpKeys: "pgup pgdn",
    description: "a tenth back, a tenth forward",
    run: page(-1),
  },
  { name: "replay-page-on", keys: ["pageDown", "^d", "^f"], run: page(1) },
  {
    name: "replay-start",
    keys: ["g", "home"],
    helpKeys: "g G",
    description: "to the start; to the end, live",
    run: (state) => movePlayer(state, (player, tape) => ({ ...toTime(player, tape, 0), playing: false })),
  },
  { name: "replay-end", keys: ["G", "end"], run: (state) => movePlayer(state, toEnd) },
  {
    name: "replay-faster",
    keys: ["+", "=", ">"],
    helpKeys: "+ -",
    description: "faster, slower: 1x to 100x",
    hint: () => "faster",
    rank: 6,
    run: speed(1),
  },
  { name: "replay-slower", keys: ["-", "_", "<"], run: speed(-1) },
]);
