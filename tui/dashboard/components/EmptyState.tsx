/** What fills the screen when there is no operation to show: it says what to do next. */
import { panesOf, SMALLEST } from "../state/layout.js";
import type { State } from "../state/model.js";
import { liveops, startDaemon, submitAny } from "../state/request.js";
import { sanitizeLine, widthOf, wrap } from "../text/cells.js";
import { Line } from "../text/line.js";
import type { Paint } from "../text/theme.js";
import { Panel, Rows } from "./Panel.js";
import { useTheme } from "./theme-context.js";

export function EmptyState({ state }: { state: State }) {
  const { paint } = useTheme();
  const { height } = panesOf(state);
  const { columns } = state.size;
  const isLive = state.connection.state === "live";
  const rows = isLive ? nothingYet(state, columns - 4, paint) : noDaemon(state, columns - 4, paint);
  const title = isLive ? "No operation yet" : "No daemon";
  return (
    <Panel width={columns} height={height} title={[[title, "bold"]]} active margin={1}>
      <Rows rows={rows.slice(0, height - 2)} />
    </Panel>
  );
}

function noDaemon(state: State, width: number, paint: Paint): string[] {
  const text = (words: string) => wrap(words, width, 4);
  const { connection } = state;
  if (connection.state === "connecting" && connection.reason === null)
    return ["", ...text(`Connecting to ${sanitizeLine(state.socket)}`)];
  const reason = connection.state === "live" ? null : connection.reason;
  return [
    "",
    ...text(`No daemon responds on ${sanitizeLine(state.socket)}`),
    ...(reason === null ? [] : text(sanitizeLine(reason)).map((row) => paint(row, "muted"))),
    "",
    ...command("⏎", "start the daemon here", width, paint),
    ...command(startDaemon(state.flags), "the same in a shell", width, paint),
    "",
    ...text("The dashboard connects by itself as soon as a daemon responds."),
  ];
}

function nothingYet({ flags }: State, width: number, paint: Paint): string[] {
  return [
    "",
    ...command("s", "submit an operation from here", width, paint),
    ...command(liveops(["ops"], flags), "list the operation types", width, paint),
    ...command(submitAny(flags), "submit an operation from a shell", width, paint),
    ...command(
      liveops(["submit", "shell", "--", "make"], flags),
      "run any command as an operation",
      width,
      paint,
    ),
    "",
    ...wrap("Operations appear here as soon as they are submitted.", width, 2).map((row) =>
      paint(row, "muted"),
    ),
  ];
}

/** A command, whole however long it is, with its purpose beside it, or above where there is no room. */
function command(typed: string, purpose: string, width: number, paint: Paint): string[] {
  const text = sanitizeLine(typed);
  const beside = Math.max(26, widthOf(text)) + 4 + widthOf(purpose) <= width;
  const rows = wrap(text, width - 4, 4).map((part, i) => {
    const line = new Line(width, paint).add(i === 0 ? "  " : "    ").add(part, "bold", "accent");
    return beside ? line.fill(Math.max(28, widthOf(text) + 4)).add(purpose, "muted") : line;
  });
  const above = beside ? [] : [new Line(width, paint).add(`  ${purpose}:`, "muted")];
  return [...above, ...rows].map(String);
}

export function tooSmall(state: State): string[] {
  const { columns, rows } = state.size;
  const text = `liveops-tui needs ${SMALLEST.columns}x${SMALLEST.rows}; this terminal is ${columns}x${rows}. q quits.`;
  return wrap(text, Math.max(1, columns), Math.max(1, rows));
}
