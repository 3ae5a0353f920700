/** The table of `ls`, for one print or for a list that changes. */

import { overallProgress } from "../../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../../protocol/operation.js";
import { OPERATIONS, type OperationContext } from "../../describe/columns.js";
import { columnsOf, type Look, tableLines } from "../../kit/output/table.js";

/** The context may be left out in parts: all stages count the same, and no start is known. */
export interface TableOptions extends Look<Operation, OperationContext>, Partial<OperationContext> {}

export function table(operations: readonly Operation[], options: TableOptions): string[] {
  return tableLines(OPERATIONS, operations, contextOf(options), options);
}

/** Columns that change without an event. */
const MOVING = new Set(["age", "done", "left", "took", "cpu", "mem", "read", "written", "lines"]);

/**
 * What makes a new row worth printing: all cells but the age, the queue position, and the share below a tenth. As in
 * text mode, each tenth counts.
 */
export function contentOf(operation: Operation, options: TableOptions): string {
  const context: OperationContext = { ...contextOf(options), time: "iso" };
  const { chosen = null } = options;
  const columns = columnsOf(OPERATIONS, { chosen }, "iso").filter(({ name }) => !MOVING.has(name));
  const { percent } = context.progress(operation);
  return [...columns.map((column) => column.text(operation, context)), Math.floor(percent / 10)].join("\n");
}

export function contextOf(options: Partial<OperationContext>): OperationContext {
  const { now = Date.now(), time = "relative", removed = false } = options;
  const { progress = (it) => overallProgress(it, null), startsAt = () => null } = options;
  const { expectedEnd = () => undefined, inside = new Map() } = options;
  const { runUrl = () => null } = options;
  return { now, time, removed, progress, startsAt, expectedEnd, runUrl, inside };
}
