/** The log of the chain: the lines on the screen, and where one is in it. */

import type { LogLine } from "../../../../protocol/operation.js";
import { formatCount } from "../../../terminal/format.js";
import { type Link, linksIn } from "../../../terminal/links.js";
import { keepMatch, linkAt, moved, searchOn, seekStage, shownLines, withLog } from "../../core/chain-log.js";
import {
  detailPlan,
  type LogColumns,
  logColumns,
  logRoom,
  plainText,
  wrapped,
} from "../../core/detail-plan.js";
import { panesOf } from "../../core/layout.js";
import {
  filterLog,
  followLog,
  isFiltered,
  type LogFilter,
  pageLog,
  pauseLog,
  scrollLog,
  scrollToStart,
  WHOLE_LOG,
  wantedLines,
} from "../../core/log-window.js";
import {
  chainOf,
  emit,
  nameOfChain,
  notify,
  operationOf,
  type State,
  selectedOperation,
} from "../../core/model.js";
import type { Mover } from "../../core/movers.js";
import { Panel, type Piece, Row, Rows, useTheme } from "../../core/Panel.js";
import { closePage } from "../../core/pages.js";
import { perObject } from "../../core/per-object.js";
import { clock, LEVEL_GLYPHS, LEVEL_STYLES } from "../../core/state-style.js";
import { inDetail, inGroup, onPage, seesLog } from "../../core/when.js";
import { fit, sanitizeLine } from "../../text/cells.js";
import { addColoured, coloured, levelOf } from "../../text/coloured.js";
import { Line } from "../../text/line.js";
import { EMPTY_LINE } from "../../text/line-edit.js";
import type { Style, Theme } from "../../text/theme.js";

/** Columns from which the title says whose log it is. */
const WHOLE_FROM = 46;

export function LogView({ state }: { state: State }) {
  const theme = useTheme();
  const { detailWidth } = panesOf(state);
  const { logHeight } = detailPlan(state);
  const { width, height } = logRoom(state);
  const lines = shownLines(state);
  const rows = lines.flatMap((line) => lineRows(state, line, width, height, theme));
  return (
    <Panel
      width={detailWidth}
      height={logHeight}
      title={titleOf(state, width)}
      right={placeOf(state, lines, height)}
      active={state.pane === "detail"}
      margin={1}
    >
      <Rows rows={rows.slice(-height)} />
    </Panel>
  );
}

function titleOf(state: State, width: number): Piece[] {
  const { log, logLinks, logView, search, entry } = state;
  const pieces: Piece[] = [["Log", "bold"]];
  const operation = selectedOperation(state);
  if (logView.full && operation !== null && width >= WHOLE_FROM)
    pieces.push([` ${fit(sanitizeLine(nameOfChain(chainOf(state, operation))), Math.floor(width / 3))}`]);
  if (logLinks.length > 1 && width >= WHOLE_FROM) pieces.push([" whole chain", "muted"]);
  if (isFiltered(log.filter)) {
    const names = [log.filter.stage, log.filter.stream].filter((name) => name !== null);
    pieces.push([` only ${names.map(sanitizeLine).join(", ")}`, "warn"]);
  }
  if (search !== null && entry?.kind !== "search") pieces.push([` /${sanitizeLine(search.text)}`, "warn"]);
  return pieces;
}

function placeOf(state: State, lines: readonly LogLine[], height: number): Piece[] {
  const { log, logLinks } = state;
  const last = logLinks.at(-1);
  const total = Math.max(log.total, last === undefined ? 0 : last.offset + last.lines);
  if (state.seek !== null || state.stepWaits !== null) return [["searching…", "warn"]];
  if (isFiltered(log.filter) && lines.length === 0)
    return [[wantedLines(log, height) === null ? "no lines" : "loading…", "warn"]];
  if (!log.follow) {
    const [from, to] = [lines[0]?.n ?? 0, lines.at(-1)?.n ?? 0];
    const place = `${formatCount(from)}–${formatCount(to)} of ${formatCount(total)}`;
    return [
      [log.jump === null ? "paused " : "loading… ", "warn"],
      [place, "muted"],
    ];
  }
  // A silent host was not asked, or cannot tell what it logged since.
  if (state.silentFor !== null)
    return [
      [lines.length === 0 ? "not loaded: no answer" : `${formatCount(total)} lines, no answer`, "warn"],
    ];
  if (total === 0) return [["empty", "muted"]];
  const count = `${isFiltered(log.filter) ? "of " : ""}${formatCount(total)} line${total === 1 ? "" : "s"}`;
  const live = selectedOperation(state)?.finishedAt === null;
  return live
    ? [
        ["following ", "good"],
        [count, "muted"],
      ]
    : [[count, "muted"]];
}

/** Word and style of a stream. */
const STREAMS: Record<LogLine["stream"], readonly [word: string, style: Style]> = {
  log: ["info", "muted"],
  stdout: ["out", "muted"],
  stderr: ["err", "warn"],
  liveops: ["note", "accent"],
};

function lineRows(state: State, logged: LogLine, width: number, height: number, theme: Theme): string[] {
  const columns = logColumns(state);
  const here = state.search !== null && state.search.at === logged.n;
  const [word, style] = STREAMS[logged.stream] ?? ["", "muted"];
  const sought = state.entry?.kind === "search" ? state.entry.line.text : (state.search?.text ?? "");
  const { text: whole, spans } = coloured(logged.text);
  const links = linksOf(logged, state);
  const texts = state.logView.wrap ? wrapped(logged, Math.max(1, width - columns.width), height) : [whole];
  let offset = 0;
  return texts.map((text, i) => {
    const line = new Line(width, theme.paint);
    const side: Style = here ? "warn" : "muted";
    const first = i === 0;
    if (columns.number > 0)
      line.add(first ? String(logged.n).padStart(columns.number - 1) : "", side).fill(columns.number);
    if (columns.time > 0) line.add(first ? clock(logged.at) : "", side).fill(columns.number + columns.time);
    if (columns.stage > 0) {
      const name = first ? fit(sanitizeLine(stageOf(state, logged)), columns.stage - 2) : "";
      line.add(name, side).fill(columns.number + columns.time + columns.stage);
    }
    if (columns.stream > 0) line.add(first ? word : "", style).fill(columns.width - 1);
    const [sign, signStyle] = here ? (["▸", "warn"] as const) : signOf(logged, columns, first ? whole : "");
    line.add(sign, signStyle ?? style);
    const plain = logged.stream === "liveops" ? "muted" : logged.stream === "stderr" ? "warn" : "plain";
    addColoured(line, text, { spans, links, offset, sought, style: plain });
    offset += text.length;
    return line.toString();
  });
}

/** The level that the program gave the line; else, without a column for the stream, what says the stream. */
function signOf({ stream }: LogLine, columns: LogColumns, text: string): readonly [string, Style?] {
  const level = stream === "liveops" ? null : levelOf(text);
  if (level !== null) return [LEVEL_GLYPHS[level], LEVEL_STYLES[level]];
  if (columns.stream > 0) return [" "];
  return [stream === "stderr" ? "▏" : stream === "liveops" ? "·" : " "];
}

/** By line: the same lines are drawn many times. */
const linksOf = perObject((line: LogLine, state: State) => {
  const operation = operationOf(state, linkAt(state.logLinks, line.n)?.id ?? null);
  return linksIn(plainText(line), operation?.cwd ?? "/");
});

/** The file and line that is named at the match, or last on the screen. */
function sourceOnScreen(state: State): Link["source"] {
  const lines = shownLines(state);
  const match = lines.find(({ n }) => n === state.search?.at);
  for (const line of [...(match === undefined ? [] : [match]), ...lines.toReversed()]) {
    const source = linksOf(line, state).find((link) => link.source !== null)?.source;
    if (source) return source;
  }
  return null;
}

/** In a chain the operation, else the stage. */
function stageOf(state: State, line: LogLine): string {
  return state.logLinks.length > 1 ? (linkAt(state.logLinks, line.n)?.name ?? "") : (line.stage ?? "");
}

/** The text of the lines alone, on the whole screen: the terminal's own selection then copies clean text. */
export function CopyPage({ state }: { state: State }) {
  const { paint } = useTheme();
  const { width, height } = logRoom(state);
  const lines = shownLines(state);
  const rows = lines.flatMap((line) => wrapped(line, width, height)).slice(-height);
  while (rows.length < height) rows.push("");
  const hint = new Line(width, paint).add(" esc", "bold").add(" back  ", "muted").add("↑↓ pgup pgdn", "bold");
  return (
    <>
      <Rows rows={rows} />
      <Row text={hint.add(" scroll", "muted").addWhole("  select with the mouse", "muted").toString()} />
    </>
  );
}

const toStart = (state: State) => moved(state, scrollToStart);
const toEnd = (state: State) => withLog(state, followLog(state.log));

function filtered(state: State, filter: LogFilter): State {
  return { ...state, seek: null, stepWaits: null, log: filterLog(state.log, filter) };
}

/** To another stage's first line; where only one stage is shown, to only the one beside it. */
function toStage(state: State, direction: 1 | -1): State {
  const { stage } = state.log.filter;
  if (stage === null) return seekStage(state, direction);
  const stages = selectedOperation(state)?.stages ?? [];
  const beside = stages[stages.indexOf(stage) + direction];
  if (beside !== undefined) return filtered(state, { ...state.log.filter, stage: beside });
  return notify(state, `No ${direction === 1 ? "next" : "previous"} stage`);
}

/** The stage that is on the screen, then those after it, then all. */
function nextStage(state: State): string | null {
  const stages = selectedOperation(state)?.stages ?? [];
  const { stage } = state.log.filter;
  if (stage !== null) return stages[stages.indexOf(stage) + 1] ?? null;
  return shownLines(state).at(-1)?.stage ?? stages[0] ?? null;
}

const CYCLE = [null, "stdout", "stderr", "log", "liveops"] as const;
const copying = onPage("copy");

export const LOG_MOVER: Mover = {
  when: (state) => inDetail(state) || copying(state),
  by: (state, rows) => moved(state, (log, height, rowsOf) => scrollLog(log, rows, height, rowsOf)),
  page: (state, direction) => moved(state, (log, height, rowsOf) => pageLog(log, direction, height, rowsOf)),
  first: toStart,
  last: toEnd,
};

const searching = (state: State) => inDetail(state) && state.search !== null;
/** There is a search, a filter or the full screen for escape to end, before it leads back to the list. */
const narrowed = (state: State) =>
  inDetail(state) && (state.search !== null || isFiltered(state.log.filter) || state.logView.full);

export const LOG_ACTIONS = inGroup("log", inDetail, [
  {
    name: "log-start",
    keys: ["home"],
    helpKeys: "home end",
    description: "the first line of the log; its end",
    when: seesLog,
    run: toStart,
  },
  {
    name: "log-end",
    keys: ["end"],
    command: "logs",
    hint: (state) => (state.log.follow ? null : "follow log"),
    rank: 3,
    when: seesLog,
    run: toEnd,
  },
  {
    name: "log-pause",
    keys: ["p"],
    description: "hold the log still, or follow it again",
    when: inDetail,
    run: (state) => (state.log.follow ? moved(state, pauseLog) : toEnd(state)),
  },
  {
    name: "log-full",
    keys: ["F"],
    description: "the log on the full screen",
    when: seesLog,
    run: (state) => ({
      ...state,
      pane: "detail",
      logView: { ...state.logView, full: !state.logView.full },
    }),
  },
  {
    name: "search",
    keys: ["/"],
    description: "search the log",
    hint: () => "search",
    rank: 5,
    run: (state) => ({ ...state, entry: { kind: "search", line: EMPTY_LINE } }),
  },
  {
    name: "match-next",
    keys: ["n"],
    helpKeys: "n N",
    description: "the next match, the previous match",
    hint: () => "next",
    rank: 2,
    when: searching,
    run: (state) => searchOn(state, "later"),
  },
  {
    name: "match-previous",
    keys: ["N"],
    hint: () => "previous",
    rank: 2,
    when: searching,
    run: (state) => searchOn(state, "earlier"),
  },
  {
    name: "log-clear",
    keys: ["escape"],
    hint: (state) => (state.logView.full ? "back" : "whole log"),
    rank: 2,
    when: narrowed,
    run: (state) => {
      if (state.search === null && !isFiltered(state.log.filter))
        return { ...state, logView: { ...state.logView, full: false } };
      const cleared = { ...state, search: null, seek: null, stepWaits: null };
      return isFiltered(state.log.filter) ? filtered(cleared, WHOLE_LOG) : cleared;
    },
  },
  {
    name: "stage-previous",
    keys: ["["],
    helpKeys: "[ ]",
    description: "the previous stage of the log, the next one",
    when: seesLog,
    run: (state) => toStage(state, -1),
  },
  { name: "stage-next", keys: ["]"], when: seesLog, run: (state) => toStage(state, 1) },
  {
    name: "log-stage",
    keys: ["S"],
    helpKeys: "S E",
    description: "only one stage; only one stream",
    when: seesLog,
    run: (state) => filtered(state, { ...state.log.filter, stage: nextStage(state) }),
  },
  {
    name: "log-stream",
    keys: ["E"],
    when: seesLog,
    run: (state) => {
      const next = CYCLE[(CYCLE.indexOf(state.log.filter.stream) + 1) % CYCLE.length]!;
      return filtered(state, { ...state.log.filter, stream: next });
    },
  },
  {
    name: "log-wrap",
    keys: ["w"],
    helpKeys: "w #",
    description: "wrap long lines; number the lines",
    hint: (state) => (state.logView.wrap ? "cut" : "wrap"),
    rank: 9,
    run: (state) => keepMatch({ ...state, logView: { ...state.logView, wrap: !state.logView.wrap } }),
  },
  {
    name: "log-numbers",
    keys: ["#"],
    run: (state) => keepMatch({ ...state, logView: { ...state.logView, numbers: !state.logView.numbers } }),
  },
  {
    name: "open-file",
    keys: ["o"],
    description: "open the file and line that the log names in $EDITOR",
    disabledReason: (state) =>
      sourceOnScreen(state) === null ? "no line on the screen names a file and line" : null,
    run: (state) => {
      const { id, title } = selectedOperation(state)!;
      return emit(state, { type: "edit", id, title, source: sourceOnScreen(state) });
    },
  },
  {
    name: "copy-lines",
    keys: ["y"],
    description: "copy the lines on the screen",
    hint: () => "copy",
    rank: 8,
    run: (state) => {
      const lines = shownLines(state);
      const text = lines.map(plainText).join("\n");
      return notify(emit(state, { type: "copy", text }), `${lines.length} lines copied`, "success");
    },
  },
  {
    name: "select-text",
    keys: ["Y"],
    description: "only the text, to select it with the mouse",
    hint: (state) => (copying(state) ? null : "select text"),
    rank: 10,
    when: (state) => inDetail(state) || copying(state),
    run: (state) =>
      copying(state)
        ? closePage(state)
        : { ...moved(state, pauseLog), page: { kind: "copy", followed: state.log.follow } },
  },
]);
