/** The screen without operations. It names the next commands. */
import { hostNames, namesHosts } from "../../core/hosts.js";
import { SMALLEST } from "../../core/layout.js";
import type { State } from "../../core/model.js";
import { Dialog, dialogSize, useTheme } from "../../core/Panel.js";
import { againstHung, liveops, startDaemon, submitAny } from "../../core/request.js";
import type { Connection } from "../../core/slices/hosts.js";
import { fit, sanitizeLine, widthOf, wrap } from "../../text/cells.js";
import { type Drawn, Line } from "../../text/line.js";
import type { Paint } from "../../text/theme.js";

/** Columns of the widest row, and of the dialog around it. */
const WIDEST = 84;

export function EmptyState({ state }: { state: State }) {
  const { paint } = useTheme();
  const { width } = dialogSize(state, undefined, WIDEST);
  const isLive = state.connection.state === "live";
  const ofDaemon = isLive ? nothingYet : noDaemon;
  const all = [...hostRows(state, width, paint), ...ofDaemon(state, width, paint)];
  const size = dialogSize(state, all.length, WIDEST);
  // A sentence that does not fit whole is left out with the blank row before it.
  const rows = all.length <= size.height ? all : all.slice(0, all.lastIndexOf("", all.length - 2));
  return <Dialog state={state} size={size} title={[[titleOf(state), "bold"]]} rows={rows} />;
}

function titleOf(state: State): string {
  const { connection } = state;
  if (connection.state === "live") return "No operation yet";
  if (namesHosts(state)) return "No host answers";
  if (connection.hung !== undefined) return "The daemon does not answer";
  return isFirst(connection) ? "Connecting" : "No daemon";
}

/** Whether no attempt to connect has failed yet. */
const isFirst = (connection: Connection) => connection.state === "connecting" && connection.reason === null;

function noDaemon(state: State, width: number, paint: Paint): Drawn[] {
  const text = (words: string) => wrap(words, width, 4);
  const { connection } = state;
  const again = (who: string) =>
    text(`The dashboard connects by itself as soon as ${who}.`).map((row) => paint(row, "muted"));
  if (namesHosts(state)) return ["", ...again("a host answers"), ""];
  if (isFirst(connection)) return ["", ...text(`Connecting to ${sanitizeLine(state.session.socket)}`), ""];
  const { reason = null, hung } = connection.state === "live" ? {} : connection;
  const muted = (words: string) => text(words).map((row) => paint(row, "muted"));
  if (hung !== undefined)
    return [
      "",
      ...text(`The daemon on ${sanitizeLine(state.session.socket)} does not answer.`),
      ...(reason === null ? [] : muted(sanitizeLine(reason))),
      "",
      ...commands(againstHung(hung, state.session.flags), width, paint),
      "",
      ...again("the daemon answers"),
      "",
    ];
  return [
    "",
    ...text(`No daemon responds on ${sanitizeLine(state.session.socket)}`),
    ...(reason === null ? [] : muted(sanitizeLine(reason))),
    "",
    ...commands(startCommands(state), width, paint),
    "",
    ...again("a daemon responds"),
    "",
  ];
}

/** Which hosts answer, and why the others do not. */
function hostRows(state: State, width: number, paint: Paint): Drawn[] {
  if (!namesHosts(state)) return [];
  const names = Math.min(20, Math.max(...hostNames(state).map((name) => widthOf(sanitizeLine(name)))));
  const rows = state.hosts.all.map(({ name, state: is, daemon }) => {
    const line = new Line(width, paint)
      .add("  ")
      .add(fit(sanitizeLine(name), names), "bold")
      .fill(names + 4);
    if (is === "up") return line.add("answers", "good");
    const reason = daemon?.reason ?? null;
    return line.addUntrusted(reason ?? "connecting", reason === null ? "muted" : "warn");
  });
  return ["", ...rows];
}

function startCommands({ session: { flags } }: State): Command[] {
  const typed = startDaemon(flags);
  if (flags.remote !== undefined) return [[typed, "start the daemon, in a shell"]];
  return [
    ["s", "start the daemon here"],
    [typed, "the same in a shell"],
  ];
}

function nothingYet({ session: { flags } }: State, width: number, paint: Paint): Drawn[] {
  const here: Command = ["s", "submit an operation from here"];
  // A command is for one of the hosts.
  if (flags.hosts !== undefined) return ["", ...commands([here], width, paint), ""];
  const list: Command[] = [
    here,
    [liveops(["submit", "shell", "--", "make"], flags), "run any command as an operation"],
    [submitAny(flags), "submit an operation from a shell"],
    [liveops(["ops"], flags), "list the operation types"],
    ["liveops demo", "see it work with sample operations"],
  ];
  return [
    "",
    ...commands(list, width, paint),
    "",
    ...wrap("Operations appear here as soon as they are submitted.", width, 2).map((row) =>
      paint(row, "muted"),
    ),
    "",
  ];
}

type Command = readonly [typed: string, purpose: string];

/** Commands, whole however long they are, with their purposes beside them, or all above where one has no room. */
function commands(list: readonly Command[], width: number, paint: Paint): Drawn[] {
  const texts = list.map(([typed]) => sanitizeLine(typed));
  const widest = Math.max(...texts.map(widthOf));
  const beside = list.every(([, purpose]) => 2 + widest + 3 + widthOf(purpose) <= width);
  return list.flatMap(([, purpose], i) => {
    if (beside)
      return new Line(width, paint)
        .add("  ")
        .add(texts[i]!, "bold", "accent")
        .fill(2 + widest + 3)
        .add(purpose, "muted");
    const parts = wrap(texts[i]!, width - 4, 4);
    return [
      new Line(width, paint).add(`  ${purpose}:`, "muted"),
      ...parts.map((part) => new Line(width, paint).add("    ").add(part, "bold", "accent")),
    ];
  });
}

export function tooSmall(state: State): string[] {
  const { columns, rows } = state.size;
  const text = `liveops-tui needs ${SMALLEST.columns}x${SMALLEST.rows}; this terminal is ${columns}x${rows}. q quits.`;
  return wrap(text, Math.max(1, columns), Math.max(1, rows));
}
