/** The selected operation: its head above, its log in the rest. */
import { type State, selectedOperation } from "../state/model.js";
import { headRows } from "./head.js";
import { panesOf } from "./layout.js";
import { logRows } from "./log.js";
import type { Paint } from "./paint.js";

export function detail(state: State, paint: Paint): string[] {
  const operation = selectedOperation(state);
  if (operation === null) return [];
  const { detailWidth, detailHeight } = panesOf(state);
  const above = headRows(state, operation, paint);
  return [...above, ...logRows(state, detailWidth, detailHeight - above.length, paint)];
}
