/** The pages of a submit: the form of a type, and the stages from which a retry runs. */

import { operationOf } from "../../core/chain.js";
import { actionsIn, onPage } from "../../core/keys/action-parts.js";
import { rowMover } from "../../core/keys/movers.js";
import { scrollTop } from "../../core/layout/layout.js";
import { Dialog, type DialogSize, dialogSize, useTheme } from "../../core/layout/Panel.js";
import { emit, type PageOf, type State } from "../../core/model.js";
import { commandOf, type Request } from "../../core/request.js";
import { type RetryChoice, retryChoices } from "../../core/submit/pages.js";
import type { Field } from "../../form/field.js";
import { type Form, firstProblem, heldIn, onButton, submitOf } from "../../form/form.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Drawn, Line, type Piece, paragraph } from "../../text/line.js";
import { addTyped } from "../../text/line-edit.js";
import type { Paint, Style } from "../../text/theme.js";

/** Rows of a command, and about a field. */
const COMMAND_MOST = 3;
const ABOUT_MOST = 4;

interface Sheet extends DialogSize {
  readonly state: State;
  readonly paint: Paint;
}

/** A dialog with as many rows as there is room for, and its foot at the lower edge. */
function SheetDialog({
  sheet: { state, ...size },
  title,
  rows,
  foot,
}: {
  sheet: Sheet;
  title: readonly Piece[];
  rows: readonly Drawn[];
  foot: readonly Drawn[];
}) {
  const room = Math.max(0, size.height - foot.length);
  const blank = Array<string>(Math.max(0, room - rows.length)).fill("");
  return (
    <Dialog
      state={state}
      size={size}
      title={title}
      rows={[...rows.slice(0, room), ...blank, ...foot]}
    />
  );
}

const marked = ({ width, paint }: Sheet, chosen: boolean): Line =>
  new Line(width, paint).add(chosen ? "▌ " : "  ", "accent");

const commandRows = ({ state, width, paint }: Sheet, request: Request): Line[] =>
  paragraph(
    commandOf(request, state.session.flags),
    { width, most: COMMAND_MOST, paint, sign: "$ " },
    "muted",
  );

/** What the form does: its title, its button, and what the key does. */
const DOES = {
  submit: ["Submit ", "run", "runs"],
  again: ["Run again ", "run", "runs"],
  retry: ["Retry ", "retry", "retries"],
} as const;

export function FormPage({ state, page: { form } }: { state: State; page: PageOf<"form"> }) {
  const { paint } = useTheme();
  // The height stays while the fields are filled in.
  const size = dialogSize(state, form.fields.length + 1 + 2 + ABOUT_MOST + COMMAND_MOST + 1);
  const sheet = { state, paint, ...size };
  const { op, title } = form.type;
  const pieces: Piece[] = [
    [DOES[form.of?.does ?? "submit"][0], "bold"],
    [sanitizeLine(op), "accent", "bold"],
    [title.toLowerCase() === op ? "" : `  ${sanitizeLine(title)}`, "muted"],
  ];
  const request = submitOf(form);
  const { repeats } = request;
  const command = [
    ...(repeats === null ? [] : [new Line(size.width, paint).addUntrusted(repeats, "warn")]),
    ...commandRows(sheet, request),
  ];
  const about = aboutField(sheet, form, size.height < 16 ? 2 : ABOUT_MOST);
  const room = Math.max(1, size.height - command.length - about.length - 1);
  const names = Math.min(
    Math.floor(size.width * 0.3),
    24,
    Math.max(...form.fields.map((field) => widthOf(sanitizeLine(field.name)) + 1)),
  );
  const top = scrollTop(0, form.at, form.fields.length + 1, room);
  const fields = form.fields.map((field, i) => fieldRow(sheet, form, field, i === form.at, names));
  const rows = [...fields, buttonRow(sheet, form, names)].slice(top, top + room);
  return <SheetDialog sheet={sheet} title={pieces} rows={[...rows, "", ...about]} foot={command} />;
}

function fieldRow(
  { width, paint }: Sheet,
  form: Form,
  field: Field,
  chosen: boolean,
  names: number,
): Line {
  const line = new Line(width, paint)
    .add(chosen ? "▌" : " ", "accent")
    .add(fit(sanitizeLine(field.name), names - 1), chosen ? "bold" : "plain")
    .add(field.required ? "*" : " ", "warn")
    .fill(names + 3);
  const [hint, style] = hintOf(form, field, chosen);
  const room = Math.max(4, line.left - Math.min(widthOf(hint), Math.floor(width * 0.4)));
  const isTyped = field.line.text !== "";
  const shown = sanitizeLine(isTyped ? field.line.text : (field.default ?? ""));
  if (chosen && field.kind === "choice")
    line
      .add("‹ ", "accent")
      .add(shown || "not set", "inverse")
      .add(" ›", "accent");
  else if (chosen && isTyped) addTyped(line, field.line, room);
  else if (chosen) addTyped(line, field.line).add(fit(` ${shown}`, room - 1), "muted");
  else line.add(fit(shown, room), isTyped ? "plain" : "muted");
  return line.add(fit(hint, line.left), style);
}

/** Behind the value: whether the daemon takes it; until a person types, the type of the field. */
function hintOf(form: Form, field: Field, chosen: boolean): readonly [text: string, style: Style] {
  const held = heldIn(form, field);
  if ("unset" in held) return [`  ${sanitizeLine(field.type)}`, "muted"];
  if ("value" in held) return held.isSure ? ["  ✓", "good"] : ["  ·", "muted"];
  if (!form.tried && field.line.text === "") return [`  ${held.problem}`, "muted"];
  // The problem of the chosen field stands below the fields.
  return [chosen ? "  ✗" : `  ✗ ${held.problem}`, "bad"];
}

function buttonRow({ width, paint }: Sheet, form: Form, names: number): Line {
  const [, word, does] = DOES[form.of?.does ?? "submit"];
  const chosen = onButton(form);
  const problem = firstProblem(form);
  const isReady = problem === null;
  const idle: Style[] = isReady ? ["bold", "accent"] : ["muted"];
  return new Line(width, paint)
    .add(chosen ? "▌" : " ", "accent")
    .fill(names + 3)
    .add(chosen ? ` ${word} ` : `[${word}]`, ...(chosen ? (["bold", "inverse"] as const) : idle))
    .addWhole(
      `  ctrl-s ${isReady ? `${does} from any field` : `goes to ${sanitizeLine(form.fields[problem]!.name)}`}`,
      "muted",
    );
}

const KIND_HINTS: Partial<Record<Field["kind"], string>> = {
  list: ", as in a shell: a 'b c'",
  choice: "; space: next value",
};

/** The type, the problem and the description of the chosen field, or the refusal of the daemon. */
function aboutField({ width, paint }: Sheet, form: Form, most: number): Drawn[] {
  const bad = (text: string, rows: number) =>
    paragraph(text, { width, most: rows, paint, sign: "✗ " }, "bad");
  if (form.refusal !== null) return bad(form.refusal, most);
  const field = form.fields[form.at];
  if (field === undefined) return [];
  const held = heldIn(form, field);
  const byDefault = field.default === null ? "" : `; default ${field.default}`;
  const more = "isSure" in held && !held.isSure ? "; the daemon checks it at the submit" : "";
  const type = `${field.type}${KIND_HINTS[field.kind] ?? ""}${byDefault}${more}`;
  const isLoud = "problem" in held && (form.tried || field.line.text !== "");
  return [
    new Line(width, paint).addUntrusted(type, "accent"),
    ...(isLoud ? bad(`${field.name} ${held.problem}`, 2) : []),
    ...paragraph(field.description, { width, most, paint }, "muted"),
  ].slice(0, most);
}

const STORED =
  "A stage with a stored value does not run again. A rerun discards the values from its stage on.";

export function RetryPage({ state, page }: { state: State; page: PageOf<"retry"> }) {
  const { paint } = useTheme();
  const operation = operationOf(state, page.id);
  const choices = retryChoices(state, page.id);
  const at = Math.min(page.at, choices.length - 1);
  const sheet = { state, paint, ...dialogSize(state, choices.length + 2 + 3 + COMMAND_MOST) };
  const title: Piece[] = [
    ["Retry ", "bold"],
    [sanitizeLine(operation?.title ?? ""), "accent", "bold"],
  ];
  const rows = [
    ...choices.map((choice, i) => retryRow(marked(sheet, i === at), choice, i === at)),
    "",
    ...paragraph(STORED, { width: sheet.width, most: 3, paint }, "muted"),
  ];
  return (
    <SheetDialog
      sheet={sheet}
      title={title}
      rows={rows}
      foot={commandRows(sheet, retryRequest(page.id, choices[at]))}
    />
  );
}

const retryRequest = (id: string, choice: RetryChoice | undefined): Request => ({
  kind: "retry",
  ids: [id],
  ...(choice?.from !== undefined && { from: choice.from }),
  ...(choice?.current !== undefined && { current: true }),
});

function retryRow(line: Line, { from, first, current, kept }: RetryChoice, chosen: boolean): Line {
  const word = from === undefined ? "resume at" : "rerun from";
  line.add(`${word} ${sanitizeLine(first ?? "the end")}`, chosen ? "bold" : "plain");
  if (current === undefined)
    return line.addUntrusted(`, reusing ${kept.join(", ") || "nothing"}`, "muted");
  const name = current.slice(current.lastIndexOf("/") + 1);
  return line.addUntrusted(
    ` with the present text of ${name}; unchanged stages are reused`,
    "muted",
  );
}

export const RETRY_MOVER = rowMover("retry", (state) =>
  state.page?.kind === "retry" ? retryChoices(state, state.page.id).length : 0,
);

export const RETRY_ACTIONS = actionsIn(onPage("retry"), [
  {
    name: "open",
    keys: ["return", "rightArrow", "l"],
    hint: "retry",
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
