/** The hosts of the fleet, a row each. */

import type { HostReply } from "../../../../protocol/replies.js";
import { EMPTY, FULL } from "../../../dashboard/core/bars.js";
import { ownHost } from "../../../dashboard/core/hosts.js";
import type { PageOf, State } from "../../../dashboard/core/model.js";
import { rowAt } from "../../../dashboard/core/movers.js";
import { dialogSize, RowDialog, useTheme } from "../../../dashboard/core/Panel.js";
import { startDaemon } from "../../../dashboard/core/request.js";
import { LEVEL_GLYPHS, PAUSED } from "../../../dashboard/core/state-style.js";
import { fit, sanitizeLine } from "../../../dashboard/text/cells.js";
import { factRows, Line, paragraph } from "../../../dashboard/text/line.js";
import type { Paint, Style } from "../../../dashboard/text/theme.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatBytes, formatCount } from "../../../terminal/format.js";
import { formatSkew } from "../../../terminal/host-state.js";

const WIDEST = 100;
/** From this width on a row has a bar, load and tags. */
const WIDE_FROM = 64;
/** From this width on the names have room. */
const NAMES_FROM = 90;
const BAR = 10;
const FIGURE = 8;
const NARROW_FIGURE = 6;
const STATE = 18;

export function HostsPage({ state, page }: { state: State; page: PageOf<"hosts"> }) {
  const { paint } = useTheme();
  const { width } = dialogSize(state, undefined, WIDEST);
  const hosts = state.hosts.fleet?.hosts ?? [];
  const at = rowAt(page.at, hosts.length);
  const table = [head(width, paint), ...hosts.map((host, i) => hostRow(state, host, i === at, width, paint))];
  const below = engine(state, width, paint);
  const chosen = hosts[at];
  // On a small screen what is wrong with the fleet comes before the facts of a host.
  const room = Math.max(0, dialogSize(state).height - table.length - below.length - 2);
  const facts = chosen === undefined ? ["  …"] : about(chosen, state, width, paint).slice(0, room);
  const rows = [...table, "", ...facts, ...(facts.length > 0 ? [""] : []), ...below];
  // The head of the table stands before the rows.
  return <RowDialog state={state} widest={WIDEST} title={[["Hosts", "bold"]]} rows={rows} chosen={at + 1} />;
}

const nameWidth = (width: number) => (width < WIDE_FROM ? 12 : width < NAMES_FROM ? 14 : 20);
const slotsWidth = (width: number) => (width < WIDE_FROM ? NARROW_FIGURE : FIGURE);

function head(width: number, paint: Paint): string {
  const line = new Line(width, paint).add("  HOST", "muted").fill(2 + nameWidth(width));
  line.add("slots".padStart(slotsWidth(width)), "muted");
  if (width >= WIDE_FROM) line.add(" ".repeat(BAR + 2));
  line.add("  state", "muted").fill(line.width - line.left + STATE - 5);
  if (width >= WIDE_FROM) line.add("load".padStart(FIGURE), "muted").add("  tags", "muted");
  return line.toString();
}

function hostRow(state: State, host: HostReply, chosen: boolean, width: number, paint: Paint): string {
  const { name, running, slots, load, tags } = host;
  const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "accent");
  line
    .add(fit(sanitizeLine(name), nameWidth(width) - 1), chosen ? "bold" : "plain")
    .fill(2 + nameWidth(width));
  const isGone = host.state === "lost" || host.state === "left";
  line.add((isGone ? "" : `${formatCount(running)}/${formatCount(slots)}`).padStart(slotsWidth(width)));
  if (width >= WIDE_FROM) {
    const used = Math.min(BAR, Math.round((running / Math.max(1, slots)) * BAR));
    line.add("  ");
    if (isGone) line.add(" ".repeat(BAR));
    else line.draw(FULL, used, "accent").draw(EMPTY, BAR - used, "track");
  }
  const [text, style] = stateOf(host, state.now);
  const before = line.width - line.left;
  line.add(`  ${text}`, style);
  if (width < WIDE_FROM) return line.toString();
  line.fill(before + STATE + 2).add((load === null ? "" : load.toFixed(2)).padStart(FIGURE));
  return line.add("  ").addUntrusted(tags.join(" "), "muted").toString();
}

function stateOf({ state, since, draining }: HostReply, now: number): [text: string, style: Style] {
  const age = since === null ? "" : ` ${formatAge(since, now)}`;
  switch (state) {
    case "up":
      return draining ? [`${PAUSED} drained`, "warn"] : ["● up", "good"];
    case "unreachable":
      return [`${LEVEL_GLYPHS.warning} unreachable${age}`, "warn"];
    case "lost":
      return [`${LEVEL_GLYPHS.error} lost${age}`, "bad"];
    default:
      return [`○ ${state}${age}`, "muted"];
  }
}

/** Facts of the chosen host beside its row. */
function about(host: HostReply, state: State, width: number, paint: Paint): Line[] {
  const { memory, counters, skewMs, types, version } = host;
  const { claimed, finished, requeued, fenced, shippedBytes } = counters;
  const facts = [
    ...(ownHost(state) === host ? ["the host of this daemon"] : []),
    `liveops ${sanitizeLine(version)}`,
    `joined ${formatAge(host.joinedAt, state.now)} ago`,
    ...(host.state === "up" ? [] : [`last seen ${formatAge(host.renewedAt, state.now)} ago`]),
    ...(skewMs === null ? [] : [`clock ${formatSkew(skewMs)}`]),
    ...useOf(state, host),
    ...(memory === null
      ? []
      : [
          `daemon ${formatBytes(memory.rss)}`,
          `memory ${formatBytes(memory.free)} of ${formatBytes(memory.total)} free`,
        ]),
    `${formatCount(types)} types`,
    `${formatCount(claimed)} started`,
    `${formatCount(finished)} finished`,
    ...(requeued === 0 ? [] : [`${formatCount(requeued)} queued again`]),
    ...(fenced === 0 ? [] : [`${formatCount(fenced)} refused as another host's`]),
    ...(shippedBytes === 0 ? [] : [`${formatBytes(shippedBytes)} of events and logs sent`]),
  ];
  return factRows(facts, width, paint);
}

/** What the running operations of the host use together. */
function useOf(state: State, host: HostReply): string[] {
  const isHere = (name: string | undefined) =>
    name === host.name || (name === undefined && ownHost(state) === host);
  const running = [...state.view.operations.values()].filter(
    (it) => it.state === "running" && isHere(it.host),
  );
  const used = running.flatMap(({ usage }) => usage ?? []);
  if (used.length === 0) return [];
  const [cpu, memory] = [used.map((each) => each.cpu), used.map((each) => each.rssBytes)].map((all) =>
    all.reduce((sum, value) => sum + value, 0),
  ) as [number, number];
  return [`operations ${formatCount(Math.round(cpu * 100))}% cpu, ${formatBytes(memory)}`];
}

/** The engine of the fleet and its problems, or how a fleet is begun. */
function engine(state: State, width: number, paint: Paint): string[] {
  const reply = state.hosts.fleet;
  if (reply === null) return [];
  if (reply.fleet === null) {
    const start = `${startDaemon(state.session.flags)} --fleet URL`;
    const line = new Line(width, paint).add("  This daemon runs alone. In a fleet: ", "muted");
    return [line.add(start).toString()];
  }
  const { awaySince, synchronous, problems } = reply.fleet;
  const line = new Line(width, paint).add("  engine ", "muted").addUntrusted(reply.fleet.engine);
  // A missing engine is a problem of the fleet.
  if (synchronous) line.addWhole("  a replica confirms each write", "muted");
  const warn = (text: string) =>
    paragraph(text, { width, most: 3, paint, sign: `  ${LEVEL_GLYPHS.warning} ` }, "warn").map(String);
  const away =
    awaySince === null
      ? []
      : warn(
          `The engine has not answered for ${formatAge(awaySince, state.now)}. Submits are refused; running operations continue.`,
        );
  return [line.toString(), ...away, ...problems.flatMap((problem) => warn(sanitizeLine(problem)))];
}
