/**
 * The form of a submit: a row a field, what the chosen one wants below them, and at the foot the very command that
 * would do the same in a shell.
 */
import { commandOf } from "../../command/liveops.js";
import type { Field } from "../../form/field.js";
import { type Form, firstProblem, heldIn, nameOf, onButton, submitOf } from "../../form/form.js";
import type { State } from "../../state/model.js";
import { fit, tame, widthOf, wrap } from "../cells.js";
import { commandRows } from "../command-rows.js";
import { scrollTop } from "../layout.js";
import { Line } from "../line.js";
import type { Paint } from "../paint.js";
import { addTyped } from "../typed-line.js";

/** Rows that the command may take. */
const COMMAND_ROWS = 3;

export function formPage(state: State, form: Form, width: number, height: number, paint: Paint): string[] {
  const command = commandRows(commandOf(submitOf(form), state.flags), width, COMMAND_ROWS, paint);
  const about = aboutRows(form, width, height < 16 ? 2 : 4, paint);
  const room = Math.max(1, height - command.length - about.length - 2);
  const count = form.fields.length + 1;
  const top = scrollTop(0, form.at, count, room);
  const nameWidth = Math.min(
    Math.floor(width * 0.3),
    24,
    Math.max(...form.fields.map((field) => widthOf(nameOf(field)) + 1)),
  );
  const rows = [...form.fields.map((_, i) => i), form.fields.length]
    .slice(top, top + room)
    .map((i) =>
      i < form.fields.length ? fieldRow(form, i, nameWidth, width, paint) : button(form, width, paint),
    );
  const spare = Math.max(0, height - rows.length - about.length - command.length - 1);
  return [...rows, "", ...about, ...Array<string>(spare).fill(""), ...command];
}

function fieldRow(form: Form, i: number, nameWidth: number, width: number, paint: Paint): string {
  const field = form.fields[i]!;
  const chosen = i === form.at;
  const line = new Line(width, paint).add(chosen ? "▌" : " ", "cyan");
  line
    .add(fit(tame(nameOf(field)), nameWidth - 1), chosen ? "bold" : "plain")
    .add(field.required ? "*" : " ", "yellow");
  line.fill(nameWidth + 2);
  const held = heldIn(form, field);
  const loud = form.tried || field.line.text !== "";
  const mark =
    "problem" in held ? (loud ? ` ✗ ${held.problem}` : ` ${held.problem}`) : "value" in held ? " ✓" : "";
  const markWidth = Math.min(widthOf(mark), Math.floor(width * 0.4));
  const room = Math.max(4, line.left - Math.max(markWidth, 2));
  if (chosen && field.kind === "choice")
    line.add("‹ ", "cyan").add(shownText(field), "inverse").add(" ›", "cyan");
  else if (chosen) addTyped(line, field.line, room);
  else if (field.line.text !== "") line.add(fit(tame(field.line.text), room));
  else line.add(fit(field.default === null ? "" : tame(field.default), room), "dim");
  const style = "problem" in held ? (loud ? "red" : "dim") : "green";
  return line
    .fill(width - Math.max(markWidth, 2))
    .add(mark, style)
    .toString();
}

function shownText({ line, default: byDefault }: Field): string {
  if (line.text !== "") return tame(line.text);
  return byDefault === null ? "not given" : `${tame(byDefault)} (default)`;
}

function button(form: Form, width: number, paint: Paint): string {
  const line = new Line(width, paint).add(onButton(form) ? "▌" : " ", "cyan");
  const problem = firstProblem(form);
  const ready = problem === null;
  const styles = onButton(form) ? (["bold", "inverse"] as const) : ([ready ? "bold" : "dim"] as const);
  line.add(" submit ", ...styles);
  if (ready) return line.addWhole("  ctrl-s from anywhere", "dim").toString();
  return line
    .add("  not yet: ", "dim")
    .add(tame(nameOf(form.fields[problem]!)), "dim")
    .toString();
}

/** What the chosen field is for, or why the daemon did not take it. */
function aboutRows(form: Form, width: number, most: number, paint: Paint): string[] {
  if (form.refusal !== null)
    return wrap(tame(form.refusal), width - 4, most).map((text, i) =>
      new Line(width, paint)
        .add(i === 0 ? " ✗ " : "   ", "red")
        .add(text, "red")
        .toString(),
    );
  const field = form.fields[form.at];
  if (field === undefined) return [];
  const held = heldIn(form, field);
  const loud = "problem" in held && (form.tried || field.line.text !== "");
  const kind =
    field.kind === "list" ? ", as in a shell: a 'b c'" : field.kind === "choice" ? "; space goes round" : "";
  const type = `${field.type}${kind}${field.default === null ? "" : `; default ${field.default}`}`;
  return [
    new Line(width, paint).add(`  ${tame(type)}`, "cyan").toString(),
    ...(loud ? [new Line(width, paint).add(`  ${tame(held.problem)}`, "red").toString()] : []),
    ...wrap(tame(field.description), width - 4, most - (loud ? 2 : 1)).map((text) =>
      new Line(width, paint).add(`  ${text}`, "dim").toString(),
    ),
  ];
}
