/** The table of `ls`. */

import { overallProgress } from "../../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../../protocol/operation.js";
import { OPERATIONS, type OperationContext } from "../../describe/columns.js";
import { type Look, tableLines } from "../../kit/output/table.js";

/** The context may be left out in parts: all stages count the same, and no start is known. */
export interface TableOptions extends Look, Partial<OperationContext> {}

export function table(operations: readonly Operation[], options: TableOptions): string[] {
  return tableLines(OPERATIONS, operations, contextOf(options), options);
}

export function contextOf(options: Partial<OperationContext>): OperationContext {
  const { now = Date.now() } = options;
  const { progress = (it) => overallProgress(it, null), startsAt = () => null } = options;
  const { expectedEnd = () => undefined, inside = new Map() } = options;
  return { now, progress, startsAt, expectedEnd, inside };
}
