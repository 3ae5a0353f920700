/** The log of the selected operation: a rule that says where one is, and the lines on the screen. */
import type { LogLine } from "../../../protocol/operation.js";
import { formatCount } from "../../terminal/format.js";
import { isFiltered } from "../state/log-filter.js";
import { visibleLines } from "../state/log-place.js";
import { wantedLines } from "../state/log-window.js";
import { type State, selectedOperation } from "../state/model.js";
import { tame } from "./cells.js";
import { addColoured, coloured } from "./coloured.js";
import { Line } from "./line.js";
import { logRoom, prefixOf, wrapped } from "./log-room.js";
import type { Paint, Style } from "./paint.js";
import { headingStyles } from "./rules.js";

/** @param height rows with the rule */
export function logRows(state: State, width: number, height: number, paint: Paint): string[] {
  if (height <= 0) return [];
  const lines = visibleLines(state.log, height - 1, logRoom(state).rowsOf);
  const rows = lines.flatMap((line) => rowsOf(state, line, width, height - 1, paint));
  return [rule(state, lines, width, height - 1, paint), ...rows.slice(-Math.max(1, height - 1))];
}

/** The text of the lines alone, at the full width: what the terminal's own selection then copies is clean. */
export function copyRows(state: State, paint: Paint): string[] {
  const { width, height, rowsOf } = logRoom(state);
  const lines = visibleLines(state.log, height, rowsOf);
  const rows = lines.flatMap((line) => wrapped(line, width, height)).slice(-height);
  while (rows.length < height) rows.push("");
  const hint = new Line(width, paint).add(" esc", "bold").add(" back  ", "dim").add("↑↓ pgup pgdn", "bold");
  return [...rows, hint.add(" scroll", "dim").addWhole("  select with the mouse", "dim").toString()];
}

function rule(state: State, lines: readonly LogLine[], width: number, height: number, paint: Paint): string {
  const { log } = state;
  const line = new Line(width, paint).add("─ ", "dim").add("log", ...headingStyles(state, "detail"));
  const total = Math.max(log.total, selectedOperation(state)?.logLines ?? 0);
  if (isFiltered(log.filter)) {
    const { stage, stream } = log.filter;
    line.add(
      ` · ${[stage, stream]
        .filter((name) => name !== null)
        .map(tame)
        .join(", ")} only`,
      "yellow",
    );
  }
  if (isFiltered(log.filter) && lines.length === 0)
    line.addWhole(wantedLines(log, height) === null ? " · no such line" : " · fetching", "yellow");
  else if (log.follow) line.add(` · ${howMany(total, isFiltered(log.filter))}`, "dim");
  else {
    const [first, last] = [lines[0]?.n ?? 0, lines.at(-1)?.n ?? 0];
    line.add(` · ${formatCount(first)}-${formatCount(last)} of ${formatCount(total)}`, "dim");
    line.addWhole(log.jump !== null ? " · fetching" : " · paused", "yellow");
    const stage = lines.at(-1)?.stage ?? null;
    if (stage !== null && log.filter.stage === null) line.addWhole(` · ${tame(stage)}`, "dim");
  }
  if (state.seek !== null || state.stepWaits !== null) line.addWhole(" · looking", "yellow");
  if (state.search !== null) line.addWhole(` · /${tame(state.search.text)}`, "yellow");
  return line.addWhole(" ", "dim").fill(width, "─", "dim").toString();
}

/** `12 lines`; `of 12 lines` where not all of them are shown. */
function howMany(total: number, some: boolean): string {
  if (total === 0) return "empty";
  return `${some ? "of " : ""}${formatCount(total)} line${total === 1 ? "" : "s"}`;
}

const STYLES: Record<LogLine["stream"], Style> = {
  log: "plain",
  stdout: "plain",
  stderr: "plain",
  liveops: "dim",
};

function rowsOf(state: State, logged: LogLine, width: number, height: number, paint: Paint): string[] {
  const prefix = prefixOf(state);
  const style = STYLES[logged.stream] ?? "plain";
  const here = state.search !== null && state.search.at === logged.n;
  const { text: whole, spans } = coloured(logged.text);
  const texts = state.logView.wrap ? wrapped(logged, Math.max(1, width - prefix.width), height) : [whole];
  let offset = 0;
  const marked = state.entry?.kind === "search" ? state.entry.line.text : (state.search?.text ?? "");
  return texts.map((text, i) => {
    const line = new Line(width, paint);
    if (prefix.number > 0)
      line.add(
        i > 0 ? " ".repeat(prefix.number) : `${String(logged.n).padStart(prefix.number - 1)} `,
        here ? "yellow" : "dim",
      );
    if (prefix.time > 0)
      line.add(i > 0 ? " ".repeat(prefix.time) : ` ${clock(logged.at)} `, here ? "yellow" : "dim");
    const mark = here ? "▸" : markOf(logged);
    line.add(mark, here ? "yellow" : mark === " " ? "plain" : "red");
    addColoured(line, text, { spans, offset }, marked, style);
    offset += text.length;
    return line.toString();
  });
}

function markOf({ stream }: LogLine): string {
  return stream === "stderr" ? "▏" : stream === "liveops" ? "·" : " ";
}

/** Local time of day, `12:03:45`. */
function clock(at: string): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return Number.isNaN(time.getTime())
    ? "        "
    : `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
