/** The log of the chain: the lines on the screen, and where one is in it. */

import type { LogLine, LogStream } from "../../../../protocol/operation.js";
import { levelOf } from "../../../../protocol/text/line-level.js";
import { formatCount } from "../../../terminal/format.js";
import { linksIn } from "../../../terminal/links.js";
import { chainOf, nameOfChain, operationOf, selectedOperation } from "../../core/chain.js";
import { panesOf } from "../../core/layout/layout.js";
import { Panel, Rows, useTheme } from "../../core/layout/Panel.js";
import { linkAt, logTotal } from "../../core/log/chain-log.js";
import { isFiltered, wantedLines } from "../../core/log/log-window.js";
import type { State } from "../../core/model.js";
import { perObject } from "../../core/per-object.js";
import { clock, LEVEL_GLYPHS, LEVEL_STYLES } from "../../core/state-style.js";
import { fit, fitName, sanitizeLine } from "../../text/cells.js";
import { addColoured } from "../../text/coloured.js";
import { Line, type Piece } from "../../text/line.js";
import type { Style, Theme } from "../../text/theme.js";
import { detailPlan } from "../operation/detail-plan.js";
import {
  type LogColumns,
  logColumns,
  logRoom,
  shownText,
  stepColumn,
  wrapped,
} from "./log-room.js";
import { matchText } from "./matches.js";
import { shownLines } from "./moves.js";

/** Columns from which the title says whose log it is. */
const WHOLE_FROM = 46;

export function LogView({ state }: { state: State }) {
  const theme = useTheme();
  const { detailWidth } = panesOf(state);
  const { logHeight } = detailPlan(state);
  if (logHeight === 0 || selectedOperation(state) === null) return null;
  const { width, height } = logRoom(state);
  const lines = shownLines(state);
  const rows = lines
    .flatMap((line) => lineRows(state, line, width, height, theme))
    .slice(-height)
    .map(String);
  return (
    <Panel
      width={detailWidth}
      height={logHeight}
      title={titleOf(state, width)}
      right={placeOf(state, lines, height)}
      active={state.pane === "detail"}
      margin={1}
    >
      <Rows rows={rows} />
    </Panel>
  );
}

function titleOf(state: State, width: number): Piece[] {
  const { window: log, links, full, search } = state.log;
  const pieces: Piece[] = [["Log", "bold"]];
  const operation = selectedOperation(state);
  if (full && operation !== null && width >= WHOLE_FROM)
    pieces.push([
      ` ${fit(sanitizeLine(nameOfChain(chainOf(state, operation))), Math.floor(width / 3))}`,
    ]);
  if (links.length > 1 && width >= WHOLE_FROM) pieces.push([" whole chain", "muted"]);
  if (isFiltered(log.filter)) {
    const { stage, step } = log.filter;
    pieces.push([` only ${sanitizeLine(step ?? stage ?? "")}`, "warn"]);
  }
  if (search !== null && state.entry?.kind !== "search") {
    pieces.push([` /${sanitizeLine(search.text)}`, "warn"]);
    const matches = matchText(state);
    if (matches !== "") pieces.push([`  ${matches}`, "muted"]);
  }
  return pieces;
}

function placeOf(state: State, lines: readonly LogLine[], height: number): Piece[] {
  const { window: log } = state.log;
  const total = logTotal(state);
  // The log of a failed operation shows its end while its error is sought.
  const isSought = state.log.seek !== null && state.log.seek.errorSince === undefined;
  if (isSought) return [["searching…", "warn"]];
  if (isFiltered(log.filter) && lines.length === 0)
    return [[wantedLines(log, height) === null ? "no lines" : "loading…", "warn"]];
  const isLive = selectedOperation(state)?.finishedAt === null;
  if (!log.follow) {
    const [from, to] = [lines[0]?.n ?? 0, lines.at(-1)?.n ?? 0];
    const place = `${formatCount(from)}–${formatCount(to)} of ${formatCount(total)}`;
    const paused = isLive ? "paused " : "";
    return [
      [log.jump === null ? paused : "loading… ", "warn"],
      [place, "muted"],
    ];
  }
  const all = `${formatCount(total)} line${total === 1 ? "" : "s"}`;
  if (total === 0) return [["empty", "muted"]];
  if (lines.length === 0 && log.to < total) return [["loading…", "muted"]];
  // How many lines the filter leaves is not counted.
  if (isFiltered(log.filter)) return isLive ? [["following", "good"]] : [[`of ${all}`, "muted"]];
  return [
    [isLive ? "following " : "", "good"],
    [all, "muted"],
  ];
}

/** Word and style of a stream. */
const STREAMS: Record<LogLine["stream"], readonly [word: string, style: Style]> = {
  log: ["", "muted"],
  stdout: ["out", "muted"],
  stderr: ["err", "warn"],
  liveops: ["note", "accent"],
};

function lineRows(
  state: State,
  logged: LogLine,
  width: number,
  height: number,
  theme: Theme,
): Line[] {
  const columns = logColumns(state);
  const steps = stepColumn(selectedOperation(state)).names;
  const here = state.log.search !== null && state.log.search.at === logged.n;
  const [word, style] = STREAMS[logged.stream] ?? ["", "muted"];
  const sought =
    state.entry?.kind === "search" ? state.entry.line.text : (state.log.search?.text ?? "");
  const { text: whole, spans } = shownText(logged);
  const links = linksOf(logged, state);
  const texts = state.log.wrap
    ? wrapped(whole, Math.max(1, width - columns.width), height)
    : [whole];
  let offset = 0;
  return texts.map((text, i) => {
    const line = new Line(width, theme.paint);
    const side: Style = here ? "warn" : "muted";
    const first = i === 0;
    if (columns.time > 0) line.add(first ? clock(logged.at) : "", side).fill(columns.time);
    if (columns.stage > 0) {
      const room = columns.stage - 2;
      const place = sanitizeLine(stageOf(state, logged));
      const name = logged.step === undefined ? fit(place, room) : fitName(place, room, steps);
      line.add(first ? name : "", side).fill(columns.time + columns.stage);
    }
    if (columns.stream > 0) line.add(first ? word : "", style).fill(columns.width - 1);
    const [sign, signStyle] = here
      ? (["▸", "warn"] as const)
      : signOf(state, logged, columns, first ? whole : "");
    line.add(sign, signStyle ?? style);
    addColoured(line, text, {
      spans,
      links,
      offset,
      sought,
      style: STREAM_STYLES[logged.stream] ?? "plain",
    });
    offset += text.length;
    return line;
  });
}

const STREAM_STYLES: Partial<Record<LogStream, Style>> = {
  liveops: "muted",
  stderr: "warn",
};

const STREAM_SIGNS: Partial<Record<LogStream, string>> = {
  liveops: "·",
  stderr: "▏",
};

/**
 * The level that the program gave the line; else, without a column for the stream, what says the
 * stream.
 */
function signOf(
  { log: { openedAt } }: State,
  { n, stream }: LogLine,
  columns: LogColumns,
  text: string,
): readonly [string, Style?] {
  const isError = n === openedAt && text !== "";
  const told = isError ? "error" : levelOf(text);
  const level = stream === "liveops" ? null : told;
  if (level !== null) return [LEVEL_GLYPHS[level], LEVEL_STYLES[level]];
  return [(columns.stream > 0 ? null : STREAM_SIGNS[stream]) ?? " "];
}

/** By line: the same lines are drawn many times. */
const linksOf = perObject((line: LogLine, state: State) => {
  const operation = operationOf(state, linkAt(state.log.links, line.n)?.id ?? null);
  return linksIn(shownText(line).text, operation?.cwd ?? "/");
});

/** The step; of a line of none in a chain the operation, else the stage. */
function stageOf(state: State, line: LogLine): string {
  if (line.step !== undefined) return line.step;
  return state.log.links.length > 1
    ? (linkAt(state.log.links, line.n)?.name ?? "")
    : (line.stage ?? "");
}
