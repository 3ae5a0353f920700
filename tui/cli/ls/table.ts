/** The table of `ls`. */

import type { Operation } from "../../../protocol/operation.js";
import { OPERATIONS, type OperationContext } from "../../describe/columns.js";
import { type Look, tableLines } from "../../kit/output/table.js";

/** The context may be left out in parts: no start and no end is known. */
export interface TableOptions extends Look, Partial<OperationContext> {}

export function table(operations: readonly Operation[], options: TableOptions): string[] {
  return tableLines(OPERATIONS, operations, contextOf(options), options);
}

export function contextOf(options: Partial<OperationContext>): OperationContext {
  const { now = Date.now() } = options;
  const { startsAt = () => null, expectedEnd = () => undefined, inside = new Map() } = options;
  return { now, startsAt, expectedEnd, inside };
}
