/** The form of a submit, and the page that chooses the stage from which a retry runs. */

import { inGroup, onPage } from "../../core/action-parts.js";
import { operationOf } from "../../core/chain.js";
import { bareOf } from "../../core/key.js";
import { scrollTop } from "../../core/layout.js";
import { emit, type PageOf, type State } from "../../core/model.js";
import { rowMover } from "../../core/movers.js";
import { Dialog, type DialogSize, dialogSize, useTheme } from "../../core/Panel.js";
import { type RetryChoice, retryChoices } from "../../core/pages.js";
import { commandOf, type Request } from "../../core/request.js";
import type { Field } from "../../form/field.js";
import { type Form, firstProblem, heldIn, nameOf, onButton, submitOf } from "../../form/form.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Drawn, Line, type Piece, paragraph } from "../../text/line.js";
import { addTyped } from "../../text/line-edit.js";
import type { Paint, Style, Theme } from "../../text/theme.js";
import { typeTitle } from "./TypesPage.js";

export function FormPage({ state, page: { form } }: { state: State; page: PageOf<"form"> }) {
  const theme = useTheme();
  // The height stays while the fields are filled in: with the most rows that tell about a field, and of the command.
  const size = dialogSize(state, form.fields.length + 1 + 2 + ABOUT_MOST + COMMAND_MOST + 1);
  const title: Piece[] = [
    [TITLES[form.of?.does ?? "submit"], "bold"],
    ...typeTitle(form.type.op, "accent"),
    ...(form.type.title.toLowerCase() === bareOf(form.type.op)
      ? []
      : [[`  ${sanitizeLine(form.type.title)}`, "muted"] as const]),
  ];
  return <Dialog state={state} size={size} title={title} rows={formRows(state, form, size, theme)} />;
}

const TITLES = { submit: "Submit ", again: "Run again ", edit: "Edit ", retry: "Retry " };

export function RetryPage({ state, page }: { state: State; page: PageOf<"retry"> }) {
  const { paint } = useTheme();
  const size = dialogSize(state, retryChoices(state, page.id).length + 2 + 3 + COMMAND_MOST);
  const title: Piece[] = [
    ["Retry ", "bold"],
    [sanitizeLine(operationOf(state, page.id)?.title ?? ""), "accent", "bold"],
  ];
  const rows = retryRows(state, page, size.width, size.height, paint);
  return <Dialog state={state} size={size} title={title} rows={rows} />;
}

/** The rows, the foot at the lower edge. */
function filled(rows: readonly Drawn[], foot: readonly Drawn[], height: number): Drawn[] {
  const spare = Math.max(0, height - rows.length - foot.length);
  return [...rows.slice(0, height - foot.length), ...Array<string>(spare).fill(""), ...foot];
}

const commandRows = (command: string, width: number, most: number, paint: Paint): Line[] =>
  paragraph(command, { width, most, paint, sign: "$ " }, "muted");

/** Rows about a field, and of the command. */
const ABOUT_MOST = 4;
const COMMAND_MOST = 3;
/** Columns from which a field has its type behind its value. */
const TYPES_FROM = 60;
/** Columns of a field that is typed into, at least. */
const TYPED_LEAST = 24;

function formRows(state: State, form: Form, { width, height }: DialogSize, { paint }: Theme): Drawn[] {
  const request = submitOf(form);
  const command = commandRows(commandOf(request, state.session.flags), width, COMMAND_MOST, paint);
  const repeats = request.retry?.repeats ?? null;
  if (repeats !== null) command.unshift(new Line(width, paint).addUntrusted(repeats, "warn"));
  const about = aboutField(form, width, height < 16 ? 2 : ABOUT_MOST, paint);
  const lead = height >= form.fields.length + 4 + ABOUT_MOST + command.length ? [""] : [];
  const room = Math.max(1, height - command.length - about.length - 2 - lead.length);
  const top = scrollTop(0, form.at, form.fields.length + 1, room);
  const names = Math.min(
    Math.floor(width * 0.3),
    24,
    Math.max(...form.fields.map((field) => widthOf(sanitizeLine(nameOf(field))) + 1)),
  );
  const rows = [...form.fields.map((_, i) => i), form.fields.length]
    .slice(top, top + room)
    .map((i) =>
      i < form.fields.length ? fieldRow(form, i, names, width, paint) : buttonRow(form, names, width, paint),
    );
  return filled([...lead, ...rows, "", ...about], command, height);
}

function fieldRow(form: Form, i: number, names: number, width: number, paint: Paint): Line {
  const field = form.fields[i]!;
  const chosen = i === form.at;
  const line = new Line(width, paint).add(chosen ? "▌" : " ", "accent");
  line
    .add(fit(sanitizeLine(nameOf(field)), names - 1), chosen ? "bold" : "plain")
    .add(field.required ? "*" : " ", "warn");
  line.fill(names + 3);
  const [hint, style] = hintOf(form, field, chosen, width);
  const markWidth = Math.max(3, Math.min(widthOf(hint), Math.floor(width * 0.4)));
  const room = Math.max(4, line.left - markWidth);
  if (chosen && field.kind === "choice")
    line.add("‹ ", "accent").add(choiceText(field), "inverse").add(" ›", "accent");
  else if (chosen) {
    const before = line.left;
    addTyped(line, field.line, room);
    // The hint keeps its place while the first letters are typed.
    if (field.line.text !== "") line.fill(width - before + Math.min(TYPED_LEAST, room));
    if (field.line.text === "" && field.default !== null)
      line.add(fit(` ${sanitizeLine(field.default)}`, Math.max(0, room - 1)), "muted");
  } else if (field.line.text !== "") line.add(fit(sanitizeLine(field.line.text), room));
  else line.add(fit(field.default === null ? "" : sanitizeLine(field.default), room), "muted");
  return line.add(fit(hint, Math.min(markWidth, line.left)), style);
}

/** Behind the value: what is wrong with it, or that nothing is; until a person types, the type of the field. */
function hintOf(
  form: Form,
  field: Field,
  chosen: boolean,
  width: number,
): readonly [text: string, style: Style] {
  const data = heldIn(form, field);
  if ("problem" in data) {
    if (!form.tried && field.line.text === "") return [`  ${data.problem}`, "muted"];
    // The problem of the chosen field stands below the fields.
    return [chosen ? "  ✗" : `  ✗ ${data.problem}`, "bad"];
  }
  if ("value" in data) return data.isSure ? ["  ✓", "good"] : ["  ·", "muted"];
  return [width >= TYPES_FROM ? `  ${sanitizeLine(field.type)}` : "", "muted"];
}

function choiceText({ line, default: byDefault }: Field): string {
  if (line.text !== "") return sanitizeLine(line.text);
  return byDefault === null ? "not set" : `${sanitizeLine(byDefault)} (default)`;
}

const BUTTONS = { submit: "run", again: "run", edit: "save", retry: "retry" };
const BUTTON_WORDS = { submit: "runs", again: "runs", edit: "saves", retry: "retries" };

function buttonRow(form: Form, names: number, width: number, paint: Paint): Line {
  const line = new Line(width, paint).add(onButton(form) ? "▌" : " ", "accent").fill(names + 3);
  const problem = firstProblem(form);
  const styles = onButton(form)
    ? (["bold", "inverse"] as const)
    : problem === null
      ? (["bold", "accent"] as const)
      : (["muted"] as const);
  const word = BUTTONS[form.of?.does ?? "submit"];
  line.add(onButton(form) ? ` ${word} ` : `[${word}]`, ...styles);
  const hint =
    problem === null
      ? `${BUTTON_WORDS[form.of?.does ?? "submit"]} from any field`
      : "goes to the field that is not filled in yet";
  return line.addWhole(`  ctrl-s ${hint}`, "muted");
}

/** The description of the chosen field, or the refusal of the daemon. */
function aboutField(form: Form, width: number, most: number, paint: Paint): Drawn[] {
  if (form.refusal !== null) return paragraph(form.refusal, { width, most, paint, sign: "✗ " }, "bad");
  const field = form.fields[form.at];
  if (field === undefined) return [];
  const data = heldIn(form, field);
  const loud = "problem" in data && (form.tried || field.line.text !== "");
  const kind =
    field.kind === "list" ? ", as in a shell: a 'b c'" : field.kind === "choice" ? "; space: next value" : "";
  const type = `${field.type}${kind}${field.default === null ? "" : `; default ${field.default}`}`;
  return [
    new Line(width, paint).addUntrusted(type, "accent"),
    ...(loud
      ? paragraph(`${nameOf(field)} ${data.problem}`, { width, most: 1, paint, sign: "✗ " }, "bad")
      : []),
    ...paragraph(field.description, { width, most: most - (loud ? 2 : 1), paint }, "muted"),
  ];
}

function retryRows(
  state: State,
  page: PageOf<"retry">,
  width: number,
  height: number,
  paint: Paint,
): Drawn[] {
  const operation = operationOf(state, page.id);
  if (operation === null) return [];
  const choices = retryChoices(state, page.id);
  const at = Math.min(page.at, choices.length - 1);
  const rows = choices.map((choice, i) => retryRow(choice, i === at, width, paint));
  const why = paragraph(STORED, { width, most: 3, paint }, "muted");
  const foot = commandRows(
    commandOf(retryRequest(page.id, choices[at]), state.session.flags),
    width,
    3,
    paint,
  );
  return filled([...rows, "", ...why], foot, height);
}

const retryRequest = (id: string, choice: RetryChoice | undefined): Request => ({
  kind: "retry",
  ids: [id],
  ...(choice?.from !== undefined && { from: choice.from }),
  ...(choice?.current !== undefined && { current: true }),
});

const STORED =
  "A stage with a stored value does not run again. A rerun discards the values from its stage on.";

function retryRow(choice: RetryChoice, chosen: boolean, width: number, paint: Paint): Line {
  const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "accent");
  const first = sanitizeLine(choice.first ?? "the end");
  const text = choice.from === undefined ? `resume at ${first}` : `rerun from ${first}`;
  line.add(text, chosen ? "bold" : "plain");
  if (choice.current !== undefined) {
    const name = choice.current.slice(choice.current.lastIndexOf("/") + 1);
    return line.add(` with the present text of ${sanitizeLine(name)}; unchanged stages are reused`, "muted");
  }
  if (choice.kept.length > 0) line.add(`, reusing ${choice.kept.map(sanitizeLine).join(", ")}`, "muted");
  else line.add(", reusing nothing", "muted");
  return line;
}

export const RETRY_MOVER = rowMover("retry", (state) =>
  state.page?.kind === "retry" ? retryChoices(state, state.page.id).length : 0,
);

export const RETRY_ACTIONS = inGroup("operation", onPage("retry"), [
  { name: "retry-next", keys: ["tab"], run: (state) => RETRY_MOVER.by(state, 1) },
  {
    name: "retry-choose",
    keys: ["return", "rightArrow", "l"],
    hint: () => "retry",
    rank: 0,
    run: (state) => {
      if (state.page?.kind !== "retry") return state;
      const { id, at } = state.page;
      const choice = retryChoices(state, id)[at];
      if (choice === undefined) return state;
      const request = retryRequest(id, choice);
      const closed = { ...state, page: null };
      // Stored values are discarded only after a question.
      return choice.from === undefined
        ? emit({ ...closed, request }, { type: "send", request })
        : { ...closed, question: { request } };
    },
  },
]);
