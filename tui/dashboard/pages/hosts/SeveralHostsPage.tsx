/** The daemons of several `--host`, a row each: whether it answers, what it has, and why it does not. */
import { formatAge } from "../../../kit/output/time.js";
import { formatBytes, formatCount, formatDuration } from "../../../terminal/format.js";
import { ask, busy, send } from "../../core/ask.js";
import type { Host } from "../../core/connection.js";
import { hostNames } from "../../core/host-view.js";
import { scrollTop } from "../../core/layout.js";
import { emit, type PageOf, type State } from "../../core/model.js";
import { Dialog, dialogSize, useTheme } from "../../core/Panel.js";
import { hasSeveral } from "../../core/reach.js";
import { LEVEL_GLYPHS, PAUSED } from "../../core/state-style.js";
import { inGroup, type Mover, onPage } from "../../core/when.js";
import { fitName, sanitizeLine, wrap } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";
import { factRows } from "./fact-rows.js";

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
  const at = placeOf(state, page);
  const chosen = state.hosts[at];
  const facts = chosen === undefined ? [] : about(chosen, state, width, paint);
  const rows = [
    head(width, paint),
    ...state.hosts.map((host, i) => hostRow(state, host, i === at, width, paint)),
    "",
    ...facts,
  ];
  const size = dialogSize(state, rows.length, WIDEST);
  // The head of the table stands before the rows.
  const top = scrollTop(0, at + 1, rows.length, size.height);
  return (
    <Dialog
      state={state}
      size={size}
      title={[["Hosts", "bold"]]}
      right={[[`${state.hosts.filter(isLive).length} of ${state.hosts.length} answer`, "muted"]]}
      rows={rows.slice(top, top + size.height)}
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

export const silence = (since: number, now: number): string =>
  formatDuration(Math.max(0, Math.floor((now - since) / 1000)));

/** Facts of the chosen host beside its row. */
function about(host: Host, state: State, width: number, paint: Paint): string[] {
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
  const rows = factRows(facts, width - 2).map((text) =>
    new Line(width, paint).add(`  ${text}`, "muted").toString(),
  );
  const lines = why === null ? [] : wrap(sanitizeLine(why), width - 4, 4);
  return [
    ...lines.map((text, i) =>
      new Line(width, paint)
        .add(i === 0 ? `  ${LEVEL_GLYPHS.warning} ` : "    ", "warn")
        .add(text, "warn")
        .toString(),
    ),
    ...rows,
  ];
}

const here = (state: State): boolean => onPage("hosts")(state) && hasSeveral(state);

function placeOf({ hosts }: State, { at }: PageOf<"hosts">): number {
  return Math.max(0, Math.min(hosts.length - 1, at));
}

function moved(state: State, by: number): State {
  if (state.page?.kind !== "hosts") return state;
  const at = placeOf(state, { ...state.page, at: placeOf(state, state.page) + by });
  return at === state.page.at ? state : { ...state, page: { ...state.page, at } };
}

export function chosenDaemon(state: State): Host | null {
  if (state.page?.kind !== "hosts") return null;
  return state.hosts[placeOf(state, state.page)] ?? null;
}

export const SEVERAL_HOSTS_MOVER: Mover = {
  when: here,
  by: moved,
  page: (state, way) => moved(state, way * 8),
};

export const isChosenDrained = (state: State): boolean => chosenDaemon(state)?.machine?.draining === true;

export const noDrainOf = (state: State): string | null => busy(state, [chosenDaemon(state)?.name ?? ""]);

export function drainChosen(state: State): State {
  const name = chosenDaemon(state)?.name;
  if (name === undefined) return state;
  return isChosenDrained(state)
    ? send(state, { kind: "undrain-host", name })
    : ask(state, { kind: "drain-host", name });
}

/** Besides those of the page of a fleet. */
export const SEVERAL_HOSTS_ACTIONS = inGroup("general", here, [
  {
    name: "connect-host",
    keys: ["c"],
    hint: () => "connect now",
    rank: 0,
    disabledReason: (state) => (chosenDaemon(state)?.connection.state === "live" ? "the host answers" : null),
    run: (state) => {
      const host = chosenDaemon(state)?.name;
      return host === undefined ? state : emit(state, { type: "connect-host", host });
    },
  },
]);
