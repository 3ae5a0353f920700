/** Several daemons on the screen: what is wrong with them, their figures, and the screen without operations. */

import type { State } from "../../dashboard/core/model.js";
import type { HostRow, Source, Trouble } from "../../dashboard/core/source.js";
import { short, silence, warning } from "../../dashboard/core/trouble.js";
import { slotsText } from "../../dashboard/pages/list/Aside.js";
import { commands } from "../../dashboard/pages/list/EmptyState.js";
import { fit, sanitizeLine, widthOf, wrap } from "../../dashboard/text/cells.js";
import { type Drawn, Line, type Piece } from "../../dashboard/text/line.js";
import type { Paint } from "../../dashboard/text/theme.js";
import { formatCount } from "../../terminal/format.js";
import { applyHostLines } from "./hosts.js";

/** Hosts that do not answer. A host that is asked for the first time is no trouble. */
function troubles(state: State): Trouble[] {
  const silent = state.hosts.named.filter(
    ({ connection: is }) => is.state === "away" || (is.state === "connecting" && is.reason !== null),
  );
  const [first, ...others] = silent;
  if (first === undefined) return [];
  const { connection } = first;
  const one =
    connection.state === "away" ? `no answer for ${silence(connection.since, state.now)}` : "never answered";
  const text =
    others.length === 0 ? `▲ ${short(first.name)}: ${one}` : `▲ ${silent.length} hosts do not answer`;
  return [warning(state, text, "", "hosts")];
}

/** Columns of the name of a host in the header. */
const NAME_MOST = 16;

/** The row shows all hosts or none. A host that never answered has no counts. */
function figures({ hosts: { named: hosts } }: State): Piece[] {
  const known = hosts.filter(({ connection }) => connection.state !== "connecting");
  return known.flatMap(({ name, counts, connection }, i): Piece[] => {
    const isLive = connection.state === "live";
    const text = ` ●${formatCount(counts.running)} ○${formatCount(counts.queued)}`;
    return [
      [`${i === 0 ? "" : "  "}${fit(sanitizeLine(name), NAME_MOST)}`, isLive ? "plain" : "muted"],
      [text, isLive && counts.running > 0 ? "accent" : "muted"],
    ];
  });
}

const STATES = { live: "", away: "no answer", connecting: "connecting" };

const rowsOf = ({ hosts: { named: hosts } }: State): HostRow[] =>
  hosts.map(({ name, connection, counts, daemon }) => ({
    name,
    figures: slotsText(counts.running, daemon?.concurrency ?? null),
    state: STATES[connection.state],
  }));

/** Which hosts answer, and why the others do not. */
function empty(state: State, width: number, paint: Paint): Drawn[] {
  const names = Math.min(20, Math.max(...state.hosts.named.map(({ name }) => widthOf(sanitizeLine(name)))));
  const rows = state.hosts.named.map(({ name, connection }) => {
    const line = new Line(width, paint).add("  ").add(fit(sanitizeLine(name), names), "bold");
    line.fill(2 + names + 2);
    if (connection.state === "live") return line.add("answers", "good");
    return line.addUntrusted(
      connection.reason ?? "connecting",
      connection.reason === null ? "muted" : "warn",
    );
  });
  const next =
    state.connection.state === "live"
      ? commands([["s", "submit an operation from here"]], width, paint)
      : wrap("The dashboard connects by itself as soon as a host answers.", width, 2).map((row) =>
          paint(row, "muted"),
        );
  return ["", ...rows, "", ...next, ""];
}

export const HOSTS_SOURCE: Source<State> = {
  neverAnswered: "no host answers",
  silent: "no host responds",
  help: "hosts",
  applyLines: applyHostLines,
  troubles,
  figures,
  hosts: rowsOf,
  empty,
  title: "No host answers",
};
