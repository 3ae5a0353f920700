/** The screen without operations. It names the next commands. */
import { SMALLEST } from "../../core/layout/layout.js";
import { Dialog, dialogSize, useTheme } from "../../core/layout/Panel.js";
import type { State } from "../../core/model.js";
import { againstHung, liveops, startDaemon, submitAny } from "../../core/request.js";
import { sanitizeLine, widthOf, wrap } from "../../text/cells.js";
import { type Drawn, Line } from "../../text/line.js";
import type { Paint } from "../../text/theme.js";

/** Columns of the widest row, and of the dialog around it. */
const WIDEST = 84;

export function EmptyState({ state }: { state: State }) {
  const { paint } = useTheme();
  const { width } = dialogSize(state, undefined, WIDEST);
  const { title, text = "", reason = null, commands = [], end = "" } = wordsFor(state);
  const muted = (words: string) => wrap(words, width, 4).map((row) => paint(row, "muted"));
  const blocks: Drawn[][] = [
    [...wrap(text, width, 4), ...(reason === null ? [] : muted(sanitizeLine(reason)))],
    commandRows(commands, width, paint),
    muted(end),
  ];
  const rows = blocks
    .filter((block) => block.some((row) => row !== ""))
    .flatMap((block) => ["", ...block]);
  const size = dialogSize(state, rows.length + 1, WIDEST);
  return <Dialog state={state} size={size} title={[[title, "bold"]]} rows={rows} />;
}

interface Words {
  readonly title: string;
  readonly text?: string;
  readonly reason?: string | null;
  readonly commands?: readonly Command[];
  readonly end?: string;
}

function wordsFor(state: State): Words {
  const { connection, session } = state;
  const { flags } = session;
  const socket = sanitizeLine(session.socket);
  if (connection.state === "live")
    return {
      title: "No operation yet",
      commands: firstCommands(flags),
      end: "Operations appear here as soon as they are submitted.",
    };
  const { reason, hung } = connection;
  const again = (who: string) => `The dashboard connects by itself as soon as ${who}.`;
  if (hung !== undefined)
    return {
      title: "The daemon does not answer",
      text: `The daemon on ${socket} does not answer.`,
      reason,
      commands: againstHung(hung, flags),
      end: again("the daemon answers"),
    };
  // No attempt to connect has failed yet.
  if (connection.state === "connecting" && reason === null)
    return { title: "Connecting", text: `Connecting to ${socket}` };
  const typed: Command = [startDaemon(flags), "start the daemon, in a shell"];
  return {
    title: "No daemon",
    text: `No daemon responds on ${socket}`,
    reason,
    commands: flags.remote === undefined ? [["s", "start the daemon here"], typed] : [typed],
    end: again("a daemon responds"),
  };
}

function firstCommands(flags: State["session"]["flags"]): Command[] {
  const here: Command = ["s", "submit an operation from here"];
  return [
    here,
    [liveops(["submit", "shell", "--", "make"], flags), "run any command as an operation"],
    [submitAny(flags), "submit an operation from a shell"],
    [liveops(["ops"], flags), "list the operation types"],
    ["liveops demo", "see it work with sample operations"],
  ];
}

type Command = readonly [typed: string, purpose: string];

/** Commands, whole however long they are, with their purposes beside them where these fit. */
function commandRows(list: readonly Command[], width: number, paint: Paint): Line[] {
  const texts = list.map(([typed]) => sanitizeLine(typed));
  const column = Math.max(...texts.map(widthOf)) + 5;
  return list.flatMap(([, purpose], i) =>
    wrap(texts[i]!, width - 2, 4).map((part, line) => {
      const row = new Line(width, paint).add("  ").add(part, "bold", "accent");
      return line === 0 ? row.fill(column).addWhole(purpose, "muted") : row;
    }),
  );
}

export function tooSmall(state: State): string[] {
  const { columns, rows } = state.size;
  const text = `liveops-tui needs ${SMALLEST.columns}x${SMALLEST.rows}; this terminal is ${columns}x${rows}. q quits.`;
  return wrap(text, Math.max(1, columns), Math.max(1, rows));
}
