/** What an operation ended with: its result as a table, or its error with the operation's own frame first. */
import type { Operation } from "../../../protocol/operation.js";
import { formatBytes } from "../../terminal/format.js";
import { tame, wrap } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { framesOf } from "./stack.js";
import { valueTable } from "./value-table.js";

/** @param height rows it may take */
export function outcome(operation: Operation, width: number, height: number, paint: Paint): string[] {
  if (height <= 0) return [];
  if (operation.error !== null && operation.state !== "succeeded")
    return failure(operation, width, height, paint);
  if (operation.state === "succeeded" && operation.omitted?.result !== undefined)
    return result(omittedValue(operation, operation.omitted.result), width, height, paint);
  if (operation.state !== "succeeded" || operation.result === null) return [];
  return result(operation.result, width, height, paint);
}

/** Stands for a large value that the list of operations leaves out. */
export function omittedValue({ id }: Operation, bytes: number): string {
  return `${formatBytes(bytes)}: liveops show ${id} prints it`;
}

function failure(operation: Operation, width: number, height: number, paint: Paint): string[] {
  const { code, message, stack } = operation.error!;
  const style = operation.state === "failed" ? "red" : "yellow";
  const said = wrap(tame(message), width - 3, Math.max(1, Math.min(4, height - 1)));
  const rows = said.map((text, i) =>
    new Line(width, paint)
      .add(i === 0 ? " ✗ " : "   ", style)
      .add(text, style)
      .toString(),
  );
  if (rows.length >= height) return rows;
  const [first] = framesOf(stack);
  const line = new Line(width, paint).add("   ");
  if (first !== undefined) line.add(`at ${first.place} `, first.own ? "plain" : "dim");
  rows.push(line.addWhole(tame(code), "dim").toString());
  return rows;
}

function result(value: unknown, width: number, height: number, paint: Paint): string[] {
  // One more than fit tells that there are more.
  const table = valueTable(value, width - 3, height + 1, paint);
  const rows = table.slice(0, height).map((row, i) => `${i === 0 ? paint(" = ", "green") : "   "}${row}`);
  if (table.length > height)
    rows[height - 1] = new Line(width, paint).add("   … v shows all of it", "dim").toString();
  return rows;
}
