/** The log of the selected operation: a rule that says where one is, and the lines on the screen. */
import type { LogLine } from "../../../protocol/operation.js";
import { formatCount } from "../../terminal/format.js";
import { visibleLines } from "../state/log-window.js";
import { type State, selectedOperation } from "../state/model.js";
import { tame } from "./cells.js";
import { Line } from "./line.js";
import type { Paint, Style } from "./paint.js";

/** From this width on each line carries its time of day. */
const TIMES_FROM = 56;

/** @param height rows with the rule */
export function logRows(state: State, width: number, height: number, paint: Paint): string[] {
  if (height <= 0) return [];
  const lines = visibleLines(state.log, height - 1);
  return [rule(state, lines, width, paint), ...lines.map((line) => row(line, width, paint))];
}

function rule(state: State, lines: readonly LogLine[], width: number, paint: Paint): string {
  const { log } = state;
  const focused = state.pane === "detail";
  const line = new Line(width, paint).add("─ ", "dim").add("log", focused ? "cyan" : "plain", ...BOLD);
  const total = Math.max(log.total, selectedOperation(state)?.logLines ?? 0);
  if (log.follow)
    line.add(total === 0 ? " · empty" : ` · ${formatCount(total)} line${total === 1 ? "" : "s"}`, "dim");
  else {
    line.add(
      ` · ${formatCount(lines[0]?.n ?? 0)}-${formatCount(lines.at(-1)?.n ?? 0)} of ${formatCount(total)}`,
      "dim",
    );
    line.addWhole(" · paused, end follows", "yellow");
  }
  return line.addWhole(" ", "dim").fill(width, "─", "dim").toString();
}

const BOLD: readonly Style[] = ["bold"];

const STYLES: Record<LogLine["stream"], Style> = {
  log: "plain",
  stdout: "plain",
  stderr: "plain",
  liveops: "dim",
};

function row(logged: LogLine, width: number, paint: Paint): string {
  const line = new Line(width, paint);
  if (width >= TIMES_FROM) line.add(` ${clock(logged.at)} `, "dim");
  line.add(logged.stream === "stderr" ? "▏" : logged.stream === "liveops" ? "·" : " ", "red");
  return line.add(tame(logged.text), STYLES[logged.stream] ?? "plain").toString();
}

/** Local time of day, `12:03:45`. */
function clock(at: string): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return Number.isNaN(time.getTime())
    ? "        "
    : `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
