/** The row below the header that says what is wrong, with the keys; there is none while nothing is. */
import type { State } from "./core/model.js";
import { Row, useTheme } from "./core/Panel.js";
import type { Trouble } from "./core/source.js";
import { troublesOf } from "./core/trouble.js";
import { fit, widthOf } from "./text/cells.js";
import { fitting, Line } from "./text/line.js";
import type { Theme } from "./text/theme.js";

const GAP = 3;
/** Columns of a detail below which it tells nothing. */
const DETAIL_LEAST = 8;
/** Columns of `+2`. */
const MORE = 4;

export function TroubleLine({ state }: { state: State }) {
  return <Row text={troubleLine(troublesOf(state), state.size.columns, useTheme())} />;
}

function troubleLine(troubles: readonly Trouble[], width: number, { paint }: Theme): string {
  const line = new Line(width, paint).add(" ");
  const keys = ({ key, does }: Trouble) => (key === "" ? "" : `  ${key}${does === "" ? "" : ` ${does}`}`);
  const cost = (trouble: Trouble) => widthOf(trouble.text + keys(trouble)) + GAP;
  const rank = (trouble: Trouble) => troubles.indexOf(trouble);
  const room = line.left + GAP - 1;
  const all = fitting(troubles, room, cost, rank);
  const some = all.size === troubles.length ? all : fitting(troubles, room - MORE, cost, rank);
  const chosen = some.has(troubles[0]!) ? some : new Set<Trouble>();
  // Where not even the worst fits, it is cut.
  const shown = troubles.filter(
    (trouble) => chosen.has(trouble) || (chosen.size === 0 && rank(trouble) === 0),
  );
  const left = troubles.length - shown.length;
  let spare = shown.reduce((rest, trouble) => rest - cost(trouble), room - (left > 0 ? MORE : 0));
  for (const [i, trouble] of shown.entries()) {
    const { style, text, detail, key, does } = trouble;
    const part = spare < Math.min(DETAIL_LEAST, widthOf(detail)) ? "" : fit(detail, spare);
    spare -= widthOf(part);
    const most = Math.max(1, line.left - widthOf(keys(trouble)));
    line
      .add(i === 0 ? "" : " ".repeat(GAP))
      .add(fit(text, most), style, "bold")
      .add(part, style);
    if (key !== "")
      line
        .add("  ")
        .add(key, "bold")
        .add(does === "" ? "" : ` ${does}`, "muted");
  }
  if (left > 0) line.right(`+${left} `, "warn", "bold");
  return line.toString();
}
