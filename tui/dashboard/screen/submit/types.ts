/** The operation types that what is typed leaves over, with their stages and the files that do not load. */
import { listParameters } from "../../../../protocol/parameters.js";
import type { OperationType, TypesReply } from "../../../../protocol/replies.js";
import type { State } from "../../state/model.js";
import { shownTypes } from "../../state/pages/types.js";
import { fit, tame, widthOf, wrap } from "../cells.js";
import { scrollTop } from "../layout.js";
import { Line } from "../line.js";
import type { Paint } from "../paint.js";

export function typesPage(state: State, width: number, height: number, paint: Paint): string[] {
  const { types } = state;
  if (types === null) return notYet(state, width, paint);
  const shown = shownTypes(state);
  const foot = footOf(state, types, shown[state.choice], width, paint);
  const room = Math.max(1, height - foot.length - 1);
  const top = scrollTop(0, state.choice, shown.length, room);
  const nameWidth = Math.min(
    Math.floor(width * 0.45),
    Math.max(8, ...types.ops.map(({ op }) => widthOf(tame(op)))),
  );
  const rows = shown
    .slice(top, top + room)
    .map((type, i) => row(type, top + i === state.choice, nameWidth, width, paint));
  if (shown.length === 0)
    rows.push(new Line(width, paint).add("  No type is called that.", "yellow").toString());
  return [...rows, ...Array<string>(Math.max(1, height - rows.length - foot.length)).fill(""), ...foot];
}

/** Before there are any. */
function notYet(state: State, width: number, paint: Paint): string[] {
  const row = (text: string, style: "dim" | "yellow") =>
    wrap(text, width - 4, 4).map((part) => new Line(width, paint).add(`  ${part}`, style).toString());
  if (!state.typesWanted) {
    const why = state.notice?.level === "error" ? `: ${tame(state.notice.text)}` : "";
    return [
      "",
      ...row(`The daemon did not tell its operation types${why}`, "yellow"),
      ...row("⏎ asks again.", "dim"),
    ];
  }
  const entered = state.page?.kind === "types" && state.page.entered === true;
  const then = entered ? " The form opens when they are here." : "";
  return ["", ...row(`Asking the daemon for its operation types.${then}`, "dim")];
}

function row(type: OperationType, chosen: boolean, nameWidth: number, width: number, paint: Paint): string {
  const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "cyan");
  line.add(fit(tame(type.op), nameWidth), ...(chosen ? (["bold"] as const) : [])).fill(2 + nameWidth + 2);
  line.add(tame(type.title), chosen ? "plain" : "dim");
  if (type.stages !== null && type.stages.length > 0)
    line.add(`  ${type.stages.map(tame).join(" → ")}`, "dim");
  return line.toString();
}

/** About the chosen one, and what could not be loaded. */
function footOf(
  state: State,
  { errors }: TypesReply,
  chosen: OperationType | undefined,
  width: number,
  paint: Paint,
): string[] {
  const rows: string[] = [];
  if (chosen !== undefined) {
    const names = listParameters(chosen.params).map(({ name, required }) => (required ? `${name}*` : name));
    rows.push(
      new Line(width, paint)
        .add("  takes ", "dim")
        .add(tame(chosen.params === null ? "any parameters" : names.join(" ") || "nothing"))
        .toString(),
    );
    rows.push(new Line(width, paint).add(`  ${tame(chosen.file)}`, "dim").toString());
  }
  const told = state.size.rows < 20 ? 1 : 3;
  for (const { file, message } of errors.slice(0, told)) {
    const [text = ""] = wrap(tame(`${file.split("/").pop()} does not load: ${message}`), width - 4, 1);
    rows.push(new Line(width, paint).add(`  ✗ ${text}`, "yellow").toString());
  }
  if (errors.length > told)
    rows.push(
      new Line(width, paint).add(`  and ${errors.length - told} more: liveops ops`, "yellow").toString(),
    );
  return rows;
}
