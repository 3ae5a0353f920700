/** The daemons of several `--host`, a row each: whether it answers, what it has, and why it does not. */

import { hostNames } from "../../../dashboard/core/hosts.js";
import type { PageOf, State } from "../../../dashboard/core/model.js";
import { rowAt } from "../../../dashboard/core/movers.js";
import { dialogSize, RowDialog, useTheme } from "../../../dashboard/core/Panel.js";
import type { Host } from "../../../dashboard/core/slices/hosts.js";
import { LEVEL_GLYPHS, PAUSED } from "../../../dashboard/core/state-style.js";
import { silence } from "../../../dashboard/core/trouble.js";
import { fitName, sanitizeLine } from "../../../dashboard/text/cells.js";
import { factRows, Line, paragraph } from "../../../dashboard/text/line.js";
import type { Paint, Style } from "../../../dashboard/text/theme.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatBytes, formatCount } from "../../../terminal/format.js";

const WIDEST = 110;
/** Columns of a row, from a width on. */
interface Columns {
  readonly from: number;
  readonly name: number;
  readonly state: number;
  readonly figure: number;
  readonly words: readonly string[];
}
const COLUMNS: readonly Columns[] = [
  { from: 90, name: 20, state: 22, figure: 9, words: ["running", "queued", "failed", "slots", "version"] },
  { from: 66, name: 14, state: 20, figure: 8, words: ["running", "queued", "failed", "slots"] },
  { from: 0, name: 10, state: 18, figure: 5, words: ["run"] },
];
const columnsOf = (width: number): Columns => COLUMNS.find(({ from }) => width >= from)!;

export function SeveralHostsPage({ state, page }: { state: State; page: PageOf<"hosts"> }) {
  const { paint } = useTheme();
  const { width } = dialogSize(state, undefined, WIDEST);
  const at = rowAt(page.at, state.hosts.named.length);
  const chosen = state.hosts.named[at];
  const facts = chosen === undefined ? [] : about(chosen, state, width, paint);
  const rows = [
    head(width, paint),
    ...state.hosts.named.map((host, i) => hostRow(state, host, i === at, width, paint)),
    "",
    ...facts,
  ];
  return (
    <RowDialog
      state={state}
      widest={WIDEST}
      title={[["Hosts", "bold"]]}
      right={[[`${state.hosts.named.filter(isLive).length} of ${state.hosts.named.length} answer`, "muted"]]}
      rows={rows}
      // The head of the table stands before the rows.
      chosen={at + 1}
    />
  );
}

const isLive = ({ connection }: Host): boolean => connection.state === "live";

function head(width: number, paint: Paint): string {
  const { name, state, figure, words } = columnsOf(width);
  const line = new Line(width, paint).add("  HOST", "muted").fill(2 + name);
  line.add("state", "muted").fill(2 + name + state);
  for (const word of words) line.add(word.padStart(figure), "muted");
  return line.toString();
}

function hostRow(state: State, host: Host, chosen: boolean, width: number, paint: Paint): string {
  const { name, counts, connection, daemon, machine } = host;
  const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "accent");
  const columns = columnsOf(width);
  const names = hostNames(state);
  line.add(fitName(sanitizeLine(name), columns.name - 1, names), chosen ? "bold" : "plain");
  line.fill(2 + columns.name);
  const [text, style] = stateOf(host, state.now);
  line.add(text, style);
  if (connection.state === "connecting")
    return line
      .add("  ")
      .addUntrusted(connection.reason ?? "", "muted")
      .toString();
  line.fill(Math.max(line.width - line.left, 2 + columns.name + columns.state));
  const slots = machine === null ? "" : formatCount(machine.slots);
  const version = sanitizeLine(daemon?.version ?? "");
  const figures = [counts.running, counts.queued, counts.failed].map(formatCount);
  // The figures of a host that does not answer may be out of date.
  const old: Style = connection.state === "live" ? "plain" : "muted";
  for (const figure of [...figures, slots, version].slice(0, columns.words.length))
    line.add(figure.padStart(columns.figure), old);
  return line.toString();
}

function stateOf({ connection, machine }: Host, now: number): [text: string, style: Style] {
  switch (connection.state) {
    case "live":
      return machine?.draining ? [`${PAUSED} drained`, "warn"] : ["● up", "good"];
    case "away":
      return [`${LEVEL_GLYPHS.warning} no answer ${silence(connection.since, now)}`, "warn"];
    case "connecting":
      return connection.reason === null
        ? ["○ connecting", "muted"]
        : [`${LEVEL_GLYPHS.error} never answered`, "bad"];
  }
}

/** Facts of the chosen host beside its row. */
function about(host: Host, state: State, width: number, paint: Paint): Line[] {
  const { address, connection, daemon, machine, heardAt } = host;
  const { now } = state;
  const why = connection.state === "live" ? null : connection.reason;
  const answered = heardAt === null ? null : formatAge(new Date(heardAt).toISOString(), now);
  const facts = [
    sanitizeLine(address),
    ...(answered === null ? [] : [`answered ${answered} ago`]),
    ...(daemon === null
      ? []
      : [
          `liveops ${sanitizeLine(daemon.version)}`,
          `up for ${formatAge(daemon.startedAt, now)}`,
          `state in ${sanitizeLine(daemon.stateDir)}`,
        ]),
    ...(machine === null
      ? []
      : [
          ...(machine.load === null ? [] : [`load ${machine.load.toFixed(2)}`]),
          ...(machine.memory === null
            ? []
            : [`memory ${formatBytes(machine.memory.free)} of ${formatBytes(machine.memory.total)} free`]),
          `${formatCount(machine.types)} types`,
        ]),
    ...(daemon?.fleet ? [`in a fleet on ${sanitizeLine(daemon.fleet.engine)}`] : []),
  ];
  const reasons =
    why === null ? [] : paragraph(why, { width, most: 4, paint, sign: `  ${LEVEL_GLYPHS.warning} ` }, "warn");
  return [...reasons, ...factRows(facts, width, paint)];
}
