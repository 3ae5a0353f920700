/** A shell command on the screen. */
import { tame, wrap } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";

/** `$ liveops …`, as it is typed in a shell, over as many rows as it needs and may take. */
export function commandRows(command: string, width: number, most: number, paint: Paint): string[] {
  return wrap(tame(command), width - 3, most).map((text, i) =>
    new Line(width, paint)
      .add(i === 0 ? " $ " : "   ", "dim")
      .add(text, "cyan")
      .toString(),
  );
}
