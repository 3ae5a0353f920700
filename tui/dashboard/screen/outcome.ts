/** What an operation ended with: its result as aligned names and values, or its error with where it came from. */
import type { Operation } from "../../../protocol/operation.js";
import { fit, pad, tame, widthOf, wrap } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";

/** @param height rows it may take */
export function outcome(operation: Operation, width: number, height: number, paint: Paint): string[] {
  if (height <= 0) return [];
  if (operation.error !== null && operation.state !== "succeeded")
    return failure(operation, width, height, paint);
  if (operation.state !== "succeeded" || operation.result === null) return [];
  return result(operation.result, width, height, paint);
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
  const frame = userFrame(stack);
  if (rows.length < height)
    rows.push(
      new Line(width, paint)
        .add(frame === null ? "  " : `   ${frame}`, "dim")
        .addWhole(` ${tame(code)}`, "dim")
        .toString(),
    );
  return rows;
}

/** The first frame of the stack that is neither Node's nor a package's: most likely the operation's own file. */
function userFrame(stack: string | null): string | null {
  if (stack === null) return null;
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const own = frames.find((line) => !/node:|node_modules|\bliveops\/dist\b/.test(line)) ?? frames[0];
  if (own === undefined) return null;
  const place = /\(?((?:file:\/\/)?[^()\s]+:\d+:\d+)\)?\s*$/.exec(own)?.[1];
  return place === undefined
    ? null
    : tame(
        `at ${place
          .replace(/^file:\/\//, "")
          .split("/")
          .slice(-2)
          .join("/")}`,
      );
}

function result(value: unknown, width: number, height: number, paint: Paint): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [
      new Line(width, paint)
        .add(" = ", "green")
        .add(tame(JSON.stringify(value) ?? ""))
        .toString(),
    ];
  }
  const entries = Object.entries(value);
  const nameWidth = Math.min(
    24,
    Math.max(0, ...entries.map(([name]) => widthOf(tame(name)))),
    Math.floor(width / 2),
  );
  const rows = entries.slice(0, height).map(([name, entry], i) => {
    const text = typeof entry === "string" ? entry : (JSON.stringify(entry) ?? "");
    const line = new Line(width, paint).add(i === 0 ? " = " : "   ", "green");
    return line
      .add(pad(tame(name), nameWidth), "dim")
      .add("  ")
      .add(fit(tame(text), line.left))
      .toString();
  });
  const hidden = entries.length - rows.length;
  if (hidden > 0)
    rows[rows.length - 1] = new Line(width, paint).add(`   … ${hidden + 1} more`, "dim").toString();
  return rows;
}
