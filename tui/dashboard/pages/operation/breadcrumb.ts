/**
 * The chain as a breadcrumb: every known link with its time, then the links that usually follow. Where the titles do
 * not fit, they are cut, then left out; at last the far links are.
 */
import type { Operation } from "../../../../protocol/operation.js";
import { elapsedOf } from "../../../describe/duration.js";
import { formatDuration } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { allowedFailures, oddNotes } from "../../../terminal/stage-note.js";
import type { DetailView } from "../../core/detail-plan.js";
import { titleNamed, usualNamed, usualOf, usualSuccessors } from "../../core/history.js";
import type { State } from "../../core/model.js";
import { glyphOf, stageStyle, styleOf } from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import type { Line } from "../../text/line.js";
import type { Style } from "../../text/theme.js";

interface Crumb {
  readonly glyph: string;
  readonly style: Style;
  readonly title: string;
  readonly time: string;
  /** The sign of an allowed failure; empty: there was none. */
  readonly mark: string;
  readonly here: boolean;
  readonly ghost: boolean;
}

const LONG = " ──▸ ";
const SHORT = " ▸ ";
const MORE = "…";
/** A title cut shorter than this says nothing. */
const SHORTEST = 5;

export function breadcrumb({ state, operation, links, width, line: begun }: DetailView): Line {
  const [first, last] = [links[0]!, links.at(-1)!];
  const open = last.state === "running" || last.state === "queued";
  const isMoved = new Set(links.flatMap(({ host }) => host ?? [])).size > 1;
  const crumbs = [
    ...links.map((link) => crumbOf(state, link, link === operation, isMoved)),
    ...(open ? usualSuccessors(state, last).map((op) => ghostOf(state, op)) : []),
  ];
  const ends = [first.chain.previous !== null, last.chain.next !== null] as const;
  const line = begun();
  const room = width - ends.filter(Boolean).length * (LONG.length + 1);
  for (const [arrow, timed] of [
    [LONG, true],
    [SHORT, true],
    [SHORT, false],
  ] as const) {
    const all = crumbs.reduce((sum, crumb) => sum + widthOfCrumb(crumb, timed), 0);
    if (all + (crumbs.length - 1) * arrow.length > room) continue;
    return addAll(line, crumbs, ends, arrow, timed, Number.POSITIVE_INFINITY);
  }
  const here = Math.max(
    0,
    crumbs.findIndex((crumb) => crumb.here),
  );
  const own = Math.min(widthOf(crumbs[here]!.title), Math.max(SHORTEST, room - 14)) + 2;
  const others = crumbs.length - 1;
  const each = Math.floor((room - own - others * (2 + SHORT.length)) / Math.max(1, others));
  if (each >= SHORTEST) return addAll(line, crumbs, ends, SHORT, false, each, own - 2);
  const fits = Math.max(0, Math.floor((room - own - 2 * (SHORT.length + 1)) / (SHORT.length + 1)));
  const from = Math.max(0, Math.min(here - Math.floor(fits / 2), crumbs.length - fits - 1));
  const to = Math.min(crumbs.length, from + fits + 1);
  const cut = [ends[0] || from > 0, ends[1] || to < crumbs.length] as const;
  return addAll(line, crumbs.slice(from, to), cut, SHORT, false, 0, own - 2);
}

/** @param withHost the links of the chain ran on several hosts */
function crumbOf(state: State, link: Operation, here: boolean, withHost: boolean): Crumb {
  const seconds = elapsedOf(link, state.now);
  const usual = usualOf(state, link)?.seconds?.p50 ?? null;
  const took = seconds === null ? "" : formatDuration(seconds);
  const running = link.state === "running" && took !== "" && usual !== null;
  const waits = link.state === "queued" && usual !== null;
  const host = withHost && link.host !== undefined ? `on ${sanitizeLine(link.host)}` : "";
  return {
    glyph: glyphOf(link),
    style: styleOf(link),
    title: sanitizeLine(link.title),
    time: [
      waits ? `~${formatDuration(usual)}` : running ? `${took} of ~${formatDuration(usual)}` : took,
      host,
    ]
      .filter(Boolean)
      .join(" "),
    mark: allowedFailures(link).length + oddNotes(link).length === 0 ? "" : stageGlyph("allowed-failure"),
    here,
    ghost: false,
  };
}

/** A link that usually follows and has not been started. */
function ghostOf(state: State, name: string): Crumb {
  const usual = usualNamed(state, name)?.seconds?.p50 ?? null;
  return {
    glyph: "○",
    style: "muted",
    title: sanitizeLine(titleNamed(state, name)),
    time: usual === null ? "" : `~${formatDuration(usual)}`,
    mark: "",
    here: false,
    ghost: true,
  };
}

function widthOfCrumb({ title, time, mark }: Crumb, timed: boolean): number {
  const marked = mark === "" ? 0 : widthOf(mark) + 1;
  return 2 + widthOf(title) + (timed && time !== "" ? widthOf(time) + 1 : 0) + (timed ? marked : 0);
}

function addAll(
  line: Line,
  crumbs: readonly Crumb[],
  [before, after]: readonly [boolean, boolean],
  arrow: string,
  timed: boolean,
  titles: number,
  own = Number.POSITIVE_INFINITY,
): Line {
  if (before) line.add(MORE, "muted").add(arrow, "muted");
  for (const [i, crumb] of crumbs.entries()) {
    if (i > 0) line.add(arrow, "muted");
    line.add(crumb.glyph, crumb.style);
    const most = crumb.here ? own : titles;
    if (most > 0) {
      const styles: Style[] = crumb.here ? ["bold", crumb.style] : crumb.ghost ? ["muted"] : ["plain"];
      line.add(" ").add(fit(crumb.title, Math.min(most, line.left)), ...styles);
    }
    if (timed && crumb.time !== "") line.add(` ${crumb.time}`, "muted");
    if (timed && crumb.mark !== "") line.add(` ${crumb.mark}`, stageStyle("allowed-failure"));
  }
  if (after) line.add(arrow, "muted").add(MORE, "muted");
  return line;
}
