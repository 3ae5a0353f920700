/** The hosts of the fleet: a row each, and the facts of the chosen one. */
import type { HostReply } from "../../../protocol/replies.js";
import { ownHost } from "../../dashboard/core/hosts/hosts.js";
import { rowAt } from "../../dashboard/core/keys/movers.js";
import { dialogSize, RowDialog, useTheme } from "../../dashboard/core/layout/Panel.js";
import { tableRows } from "../../dashboard/core/layout/table-rows.js";
import type { PageOf, State } from "../../dashboard/core/model.js";
import { LEVEL_GLYPHS, PAUSED } from "../../dashboard/core/state-style.js";
import { sanitizeLine } from "../../dashboard/text/cells.js";
import { factRows, Line, paragraph } from "../../dashboard/text/line.js";
import type { Paint, Style } from "../../dashboard/text/theme.js";
import type { Column } from "../../kit/output/table.js";
import { formatAge } from "../../kit/output/time.js";
import { formatBytes, formatCount } from "../../terminal/format.js";
import { formatSkew } from "../../terminal/host-state.js";
import { HOSTS } from "./command.js";
import { HOSTS_ACTIONS, HOSTS_MOVER } from "./host-actions.js";

const WIDEST = 110;

export const HOSTS_PAGE = { View: HostsPage, mover: HOSTS_MOVER, actions: HOSTS_ACTIONS };

function HostsPage({ state, page }: { state: State; page: PageOf<"hosts"> }) {
  const { paint } = useTheme();
  const { all } = state.hosts;
  const { width } = dialogSize(state, undefined, WIDEST);
  const at = rowAt(page.at, all.length);
  const chosen = all[at];
  const table = hostRows(state, at, width, paint);
  const below = engineRows(state, width, paint);
  // On a small screen what is wrong with the fleet comes before the facts of a host.
  const room = Math.max(0, dialogSize(state).height - table.length - below.length - 2);
  const facts = chosen === undefined ? [] : about(chosen, state, width, paint).slice(0, room);
  const rows = [...table, "", ...facts, ...(below.length > 0 ? [""] : []), ...below];
  const live = all.filter(({ state: is }) => is === "up").length;
  return (
    <RowDialog
      state={state}
      widest={WIDEST}
      title={[["Hosts", "bold"]]}
      right={[[`${live} of ${all.length} up`, "muted"]]}
      rows={rows}
      // The head of the table stands before the rows.
      chosen={at + 1}
    />
  );
}

/** The columns of `liveops hosts` that change. */
const SPEC = {
  ...HOSTS,
  columns: HOSTS.columns
    .filter(({ name }) => name !== "skew")
    .map(
      (it): Column<HostReply> =>
        it.name === "state" ? { ...it, text: (host, { now }) => stateOf(host, now)[0] } : it,
    ),
  firstToGo: ["version", "load", "tags", "slots", "running"],
};

/**
 * The text of a cell; "": nothing is known, or there is none. A host has no figures before it
 * reported.
 */
const cellOf =
  ({ name, text }: Column<HostReply>): Column<HostReply>["text"] =>
  (host, context) => {
    if (name !== "host" && name !== "state" && host.version === "") return "";
    const all = text(host, context);
    return all === "-" ? "" : all;
  };

function hostRows(state: State, at: number, width: number, paint: Paint): Line[] {
  const columns = SPEC.columns.map(
    (it): Column<HostReply> => ({ ...it, text: cellOf(it), optional: true }),
  );
  return tableRows({ ...SPEC, columns }, state.hosts.all, at, {
    width,
    now: state.now,
    paint,
    styleOf(host, column) {
      if (column === "state") return stateOf(host, state.now)[1];
      // The figures of a host that does not answer may be out of date.
      return host.state === "up" || column === "host" ? "plain" : "muted";
    },
  });
}

const AWAY = {
  unreachable: [LEVEL_GLYPHS.warning, "warn"],
  lost: [LEVEL_GLYPHS.error, "bad"],
  left: ["○", "muted"],
} as const;

function stateOf(host: HostReply, now: number): readonly [text: string, style: Style] {
  const { state, since, draining } = host;
  if (state === "up") return draining ? [`${PAUSED} drained`, "warn"] : ["● up", "good"];
  const [sign, style] = AWAY[state];
  return [`${sign} ${state} ${formatAge(since ?? host.renewedAt, now)}`, style];
}

function about(host: HostReply, state: State, width: number, paint: Paint): Line[] {
  const { memory, skewMs } = host;
  const ago = (time: string) => `${formatAge(time, state.now)} ago`;
  const isKnown = host.version !== "";
  const facts = [
    ownHost(state) === host && "the host of this daemon",
    isKnown && `liveops ${sanitizeLine(host.version)}`,
    `joined ${ago(host.joinedAt)}`,
    host.state !== "up" && `last seen ${ago(host.renewedAt)}`,
    skewMs !== null && skewMs !== 0 && `clock ${formatSkew(skewMs)}`,
    ...useOf(state, host),
    memory && `daemon ${formatBytes(memory.rss)}`,
    memory && `memory ${formatBytes(memory.free)} of ${formatBytes(memory.total)} free`,
    isKnown && `${formatCount(host.types)} types`,
  ].filter((fact) => typeof fact === "string");
  return factRows(facts, width, paint);
}

/** What the running operations of the host use together. */
function useOf(state: State, host: HostReply): string[] {
  const isHere = (name: string | undefined) =>
    name === host.name || (name === undefined && ownHost(state) === host);
  const all = [...state.view.operations.values()].filter(
    (it) => it.state === "running" && isHere(it.host),
  );
  const used = all.flatMap(({ usage }) => usage ?? []);
  if (used.length === 0) return [];
  const cpu = used.reduce((sum, each) => sum + each.cpu, 0);
  const memory = used.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  return [`operations ${formatCount(Math.round(cpu * 100))}% cpu, ${formatBytes(memory)}`];
}

const warningRows = (text: string, width: number, paint: Paint): Line[] =>
  paragraph(text, { width, most: 4, paint, sign: `  ${LEVEL_GLYPHS.warning} ` }, "warn");

/** The engine of the fleet and its problems. */
function engineRows({ hosts: { engine }, now }: State, width: number, paint: Paint): Line[] {
  if (engine === null) return [];
  const { awaySince, synchronous, problems } = engine;
  const line = new Line(width, paint).add("  engine ", "muted").addUntrusted(engine.address);
  // A missing engine is a problem of the fleet.
  if (synchronous) line.addWhole("  a replica confirms each write", "muted");
  const away = `The engine has not answered for ${awaySince === null ? "" : formatAge(awaySince, now)}. Submits are refused; running operations continue.`;
  const all = awaySince === null ? problems : [away, ...problems];
  return [line, ...all.flatMap((problem) => warningRows(problem, width, paint))];
}
