/** Rows of the selected operation about its queue: place and pause, what it starts after, hooks that failed. */

import { firstLine } from "../../../../protocol/text/first-line.js";
import { nameOf, operationOf } from "../../core/chain.js";
import type { DetailView } from "../../core/detail-plan.js";
import { dependenciesOf, dependencyEnd, placementText } from "../../core/queue-view.js";
import { glyphOf, LEVEL_GLYPHS, styleOf } from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import type { Line } from "../../text/line.js";

export const placementRow = ({ state, operation, line }: DetailView): Line =>
  line().add(placementText(state, operation), "muted");

/** Columns that the name of a dependency may take. */
const NAME_MOST = 24;

/** `after ✓ build · ● test`: the operations that it starts after, each with its state. */
export function dependencyRow({ state, operation, line: begun }: DetailView): Line {
  const all = dependenciesOf(operation);
  const count = (operation.after ?? []).length + (operation.afterAny ?? []).length;
  const line = begun().add("after", "muted");
  for (const [i, id] of all.entries()) {
    const end = dependencyEnd(state, id);
    const name = end === null ? id : sanitizeLine(nameOf(state, operationOf(state, id)!));
    const rest = i < count - 1 ? ` · ${count - i - 1} more` : "";
    const text = fit(name, NAME_MOST);
    if (line.left < widthOf(text) + 3 + widthOf(rest) && i > 0)
      return line.add(` · ${count - i} more`, "muted");
    line.add(i === 0 ? " " : " · ", "muted");
    line.add(end === null ? "? " : `${glyphOf(end)} `, end === null ? "muted" : styleOf(end)).add(text);
  }
  return line.add(count > all.length ? ` · ${count - all.length} more` : "", "muted");
}

export function hookRow({ operation: { hookFailures = [] }, width, line }: DetailView): Line {
  const last = hookFailures.at(-1);
  if (last === undefined) return line();
  const more = hookFailures.length === 1 ? "" : ` (${hookFailures.length} failures of hooks)`;
  const text = `${LEVEL_GLYPHS.warning} hook ${last.hook} failed: `;
  const room = Math.max(0, width - widthOf(text) - widthOf(more));
  return line().add(`${text}${fit(sanitizeLine(firstLine(last.message)), room)}${more}`, "warn");
}
