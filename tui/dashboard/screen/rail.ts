/** The chain rail: every known link with its glyph, the one looked at standing out; ends are cut around it. */
import type { Operation } from "../../../protocol/operation.js";
import { chainOf, type State } from "../state/model.js";
import { fit, tame, widthOf } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { glyphOf, styleOf } from "./state-style.js";

const LINK = " ━▶ ";
const MORE = "… ";

/** One row, or none for an operation that is no part of a chain. */
export function rail(state: State, operation: Operation, width: number, paint: Paint): string[] {
  const links = chainOf(state, operation);
  if (links.length < 2 && operation.chain.previous === null && operation.chain.next === null) return [];
  const here = links.indexOf(operation);
  const [from, to] = window(links, here, width);
  const line = new Line(width, paint).add(" ");
  if (from > 0 || links[0]!.chain.previous !== null) line.add(MORE, "dim");
  for (let i = from; i < to; i++) {
    const link = links[i]!;
    if (i > from) line.add(LINK, "dim");
    line.add(`${glyphOf(link)} `, styleOf(link));
    const title = fit(tame(link.title), Math.max(8, width - 8));
    if (i === here) line.add(title, "bold", "inverse");
    else line.add(title);
  }
  if (to < links.length || links.at(-1)!.chain.next !== null) line.addWhole(` ━▶ …`, "dim");
  return [line.toString()];
}

/** The widest run of links around the one looked at that fits. */
function window(links: readonly Operation[], here: number, width: number): [number, number] {
  const cost = (link: Operation) => widthOf(tame(link.title)) + 2 + LINK.length;
  let [from, to] = [here, here + 1];
  let room = width - 8 - cost(links[here]!);
  for (;;) {
    const before = links[from - 1];
    const after = links[to];
    if (before && cost(before) <= room) {
      from--;
      room -= cost(before);
    } else if (after && cost(after) <= room) {
      to++;
      room -= cost(after);
    } else return [from, to];
  }
}
