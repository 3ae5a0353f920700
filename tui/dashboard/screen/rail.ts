/**
 * The chain rail: every known link with its glyph, the one looked at standing out.
 *
 * Where the titles do not fit, the other links' titles are cut, then left out; at last the far links are.
 */
import type { Operation } from "../../../protocol/operation.js";
import { chainOf, type State } from "../state/model.js";
import { fit, tame, widthOf } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { glyphOf, styleOf } from "./state-style.js";

const LINK = " ━▶ ";
const MORE = "…";
/** A title cut shorter than this says nothing. */
const SHORTEST = 5;

/** One row, or none for an operation that is no part of a chain. */
export function rail(state: State, operation: Operation, width: number, paint: Paint): string[] {
  const links = chainOf(state, operation);
  const [unknownBefore, unknownAfter] = [
    links[0]!.chain.previous !== null,
    links.at(-1)!.chain.next !== null,
  ];
  if (links.length === 1 && !unknownBefore && !unknownAfter) return [];

  const ends = (unknownBefore ? 1 : 0) + (unknownAfter ? 1 : 0);
  const room = width - 2 - ends * (LINK.length + 1);
  const here = links.indexOf(operation);
  const hereWidth = Math.min(widthOf(tame(operation.title)), Math.max(SHORTEST, room - 14));
  const titles = titleWidth(links, here, room - hereWidth - 2);
  const [from, to] = titles > 0 ? [0, links.length] : around(links.length, here, room - hereWidth - 2);

  const line = new Line(width, paint).add(" ");
  if (unknownBefore || from > 0) line.add(MORE, "dim").add(LINK, "dim");
  for (const [i, link] of links.slice(from, to).entries()) {
    if (i > 0) line.add(LINK, "dim");
    line.add(glyphOf(link), styleOf(link));
    if (link === operation) line.add(" ").add(fit(tame(link.title), hereWidth), "bold", "inverse");
    else if (titles > 0) line.add(` ${fit(tame(link.title), titles)}`);
  }
  if (unknownAfter || to < links.length) line.add(LINK, "dim").add(MORE, "dim");
  return [line.toString()];
}

/** Columns for each of the other titles so that all links fit; 0 where their glyphs alone have to do. */
function titleWidth(links: readonly Operation[], here: number, room: number): number {
  const others = links.filter((_, i) => i !== here).map((link) => widthOf(tame(link.title)));
  const left = room - others.length * (2 + LINK.length);
  if (others.reduce((sum, width) => sum + width, 0) <= left) return Math.max(1, ...others);
  const each = Math.floor(left / others.length);
  return each >= SHORTEST ? each : 0;
}

/** The links around the one looked at for which there is room as glyphs. */
function around(count: number, here: number, room: number): [number, number] {
  const others = Math.max(0, Math.floor((room - 2 * (LINK.length + 1)) / (LINK.length + 1)));
  const from = Math.max(0, Math.min(here - Math.floor(others / 2), count - others - 1));
  return [from, Math.min(count, from + others + 1)];
}
