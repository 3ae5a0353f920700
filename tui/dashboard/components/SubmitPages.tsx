/** The pages of a submit: the types, then the form of one; and the page that asks from which stage a retry resumes. */
import { listParameters } from "../../../protocol/parameters.js";
import type { OperationType, TypesReply } from "../../../protocol/replies.js";
import type { Field } from "../form/field.js";
import { type Form, firstProblem, heldIn, nameOf, onButton, submitOf } from "../form/form.js";
import { panesOf, scrollTop } from "../state/layout.js";
import { type DashboardAction, emit, operationOf, type Page, type State } from "../state/model.js";
import { isResumable, type RetryChoice, retryChoices, shownTypes } from "../state/pages.js";
import { commandOf, type Request } from "../state/request.js";
import { fit, sanitizeLine, widthOf, wrap } from "../text/cells.js";
import { Line } from "../text/line.js";
import type { Paint, Style, Theme } from "../text/theme.js";
import { Panel, type Piece, Rows } from "./Panel.js";
import { useTheme } from "./theme-context.js";
import { addTyped } from "./typed-line.js";
import { onPage } from "./when.js";

type PageOf<K extends Page["kind"]> = Extract<Page, { kind: K }>;

export function SubmitPage({ state, page }: { state: State; page: PageOf<"types" | "form" | "retry"> }) {
  const theme = useTheme();
  const { height } = panesOf(state);
  const { columns } = state.size;
  const [width, room] = [columns - 4, height - 2];
  const rows =
    page.kind === "types"
      ? typeRows(state, page, width, room, theme.paint)
      : page.kind === "form"
        ? formRows(state, page.form, width, room, theme)
        : retryRows(state, page, width, room, theme.paint);
  return (
    <Panel width={columns} height={height} title={titleOf(state, page)} active margin={1}>
      <Rows rows={rows.slice(0, room)} />
    </Panel>
  );
}

function titleOf(state: State, page: PageOf<"types" | "form" | "retry">): Piece[] {
  if (page.kind === "types") return [["Submit", "bold"]];
  if (page.kind === "form")
    return [
      [page.form.again === null ? "Submit " : "Run again ", "bold"],
      [sanitizeLine(page.form.type.op), "accent", "bold"],
      [`  ${sanitizeLine(page.form.type.title)}`, "muted"],
    ];
  return [
    ["Retry ", "bold"],
    [sanitizeLine(operationOf(state, page.id)?.title ?? ""), "accent", "bold"],
  ];
}

/** The rows, the foot at the lower edge. */
function filled(rows: readonly string[], foot: readonly string[], height: number): string[] {
  const spare = Math.max(0, height - rows.length - foot.length);
  return [...rows.slice(0, height - foot.length), ...Array<string>(spare).fill(""), ...foot];
}

function commandRows(command: string, width: number, most: number, paint: Paint): string[] {
  return wrap(sanitizeLine(command), width - 2, most).map((text, i) =>
    new Line(width, paint)
      .add(i === 0 ? "$ " : "  ", "muted")
      .add(text, "muted")
      .toString(),
  );
}

function typeRows(
  state: State,
  page: PageOf<"types">,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const { types } = state;
  if (types === null) return loadingRows(state, page, width, paint);
  const shown = shownTypes(state);
  const foot = aboutType(state, types, shown[state.choice], width, paint);
  const room = Math.max(1, height - foot.length - 1);
  const top = scrollTop(0, state.choice, shown.length, room);
  const names = Math.min(
    Math.floor(width * 0.45),
    Math.max(8, ...types.ops.map(({ op }) => widthOf(sanitizeLine(op)))),
  );
  const rows = shown.slice(top, top + room).map((type, i) => {
    const chosen = top + i === state.choice;
    const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "accent");
    line.add(fit(sanitizeLine(type.op), names), ...(chosen ? (["bold"] as const) : [])).fill(names + 4);
    line.addUntrusted(type.title, chosen ? "plain" : "muted");
    if (type.stages !== null && type.stages.length > 0)
      line.add(`  ${type.stages.map(sanitizeLine).join(" → ")}`, "muted");
    return line.toString();
  });
  if (shown.length === 0) rows.push(new Line(width, paint).add("  No such type", "warn").toString());
  return filled(rows, foot, height);
}

function loadingRows(state: State, page: PageOf<"types">, width: number, paint: Paint): string[] {
  const row = (text: string, style: Style) =>
    wrap(text, width - 2, 4).map((part) => new Line(width, paint).add(part, style).toString());
  if (!state.typesWanted) {
    const why = state.notice?.level === "error" ? `: ${sanitizeLine(state.notice.text)}` : "";
    return [
      "",
      ...row(`The operation types could not be loaded${why}`, "warn"),
      ...row("⏎ tries again", "muted"),
    ];
  }
  const then = page.entered === true ? " The form opens when they are loaded." : "";
  return ["", ...row(`Loading the operation types.${then}`, "muted")];
}

/** About the chosen type, and what could not be loaded. */
function aboutType(
  state: State,
  { errors }: TypesReply,
  chosen: OperationType | undefined,
  width: number,
  paint: Paint,
): string[] {
  const rows: string[] = [];
  if (chosen !== undefined) {
    const names = listParameters(chosen.params).map(({ name, required }) => (required ? `${name}*` : name));
    const takes = chosen.params === null ? "any parameters" : names.join(" ") || "none";
    rows.push(new Line(width, paint).add("parameters  ", "muted").addUntrusted(takes).toString());
    rows.push(new Line(width, paint).addUntrusted(chosen.file, "muted").toString());
  }
  const told = state.size.rows < 20 ? 1 : 3;
  for (const { file, message } of errors.slice(0, told)) {
    const [text = ""] = wrap(
      sanitizeLine(`${file.split("/").pop()} does not load: ${message}`),
      width - 2,
      1,
    );
    rows.push(new Line(width, paint).add(`✗ ${text}`, "warn").toString());
  }
  if (errors.length > told)
    rows.push(new Line(width, paint).add(`${errors.length - told} more: liveops ops`, "warn").toString());
  return rows;
}

function formRows(state: State, form: Form, width: number, height: number, theme: Theme): string[] {
  const { paint } = theme;
  const command = commandRows(commandOf(submitOf(form), state.flags), width, 3, paint);
  const about = aboutField(form, width, height < 16 ? 2 : 4, paint);
  const room = Math.max(1, height - command.length - about.length - 2);
  const top = scrollTop(0, form.at, form.fields.length + 1, room);
  const names = Math.min(
    Math.floor(width * 0.3),
    24,
    Math.max(...form.fields.map((field) => widthOf(sanitizeLine(nameOf(field))) + 1)),
  );
  const rows = [...form.fields.map((_, i) => i), form.fields.length]
    .slice(top, top + room)
    .map((i) =>
      i < form.fields.length ? fieldRow(form, i, names, width, paint) : buttonRow(form, width, paint),
    );
  return filled([...rows, "", ...about], command, height);
}

function fieldRow(form: Form, i: number, names: number, width: number, paint: Paint): string {
  const field = form.fields[i]!;
  const chosen = i === form.at;
  const line = new Line(width, paint).add(chosen ? "▌" : " ", "accent");
  line
    .add(fit(sanitizeLine(nameOf(field)), names - 1), chosen ? "bold" : "plain")
    .add(field.required ? "*" : " ", "warn");
  line.fill(names + 2);
  const held = heldIn(form, field);
  const loud = form.tried || field.line.text !== "";
  const mark =
    "problem" in held ? (loud ? ` ✗ ${held.problem}` : ` ${held.problem}`) : "value" in held ? " ✓" : "";
  const markWidth = Math.min(widthOf(mark), Math.floor(width * 0.4));
  const room = Math.max(4, line.left - Math.max(markWidth, 2));
  if (chosen && field.kind === "choice")
    line.add("‹ ", "accent").add(choiceText(field), "inverse").add(" ›", "accent");
  else if (chosen) addTyped(line, field.line, room);
  else if (field.line.text !== "") line.add(fit(sanitizeLine(field.line.text), room));
  else line.add(fit(field.default === null ? "" : sanitizeLine(field.default), room), "muted");
  const style = "problem" in held ? (loud ? "bad" : "muted") : "good";
  return line
    .fill(width - Math.max(markWidth, 2))
    .add(mark, style)
    .toString();
}

function choiceText({ line, default: byDefault }: Field): string {
  if (line.text !== "") return sanitizeLine(line.text);
  return byDefault === null ? "not set" : `${sanitizeLine(byDefault)} (default)`;
}

function buttonRow(form: Form, width: number, paint: Paint): string {
  const line = new Line(width, paint).add(onButton(form) ? "▌" : " ", "accent");
  const problem = firstProblem(form);
  const styles = onButton(form)
    ? (["bold", "inverse"] as const)
    : ([problem === null ? "bold" : "muted"] as const);
  line.add(" run ", ...styles);
  if (problem === null) return line.addWhole("  ctrl-s runs from any field", "muted").toString();
  const field = form.fields[problem]!;
  const held = heldIn(form, field);
  const why = "problem" in held ? held.problem : "";
  const told = why === "required" ? "is required" : why;
  return line.add(`  ${sanitizeLine(nameOf(field))} ${told}`, "muted").toString();
}

/** What the chosen field is for, or why the daemon refused it. */
function aboutField(form: Form, width: number, most: number, paint: Paint): string[] {
  if (form.refusal !== null)
    return wrap(sanitizeLine(form.refusal), width - 2, most).map((text, i) =>
      new Line(width, paint)
        .add(i === 0 ? "✗ " : "  ", "bad")
        .add(text, "bad")
        .toString(),
    );
  const field = form.fields[form.at];
  if (field === undefined) return [];
  const held = heldIn(form, field);
  const loud = "problem" in held && (form.tried || field.line.text !== "");
  const kind =
    field.kind === "list" ? ", as in a shell: a 'b c'" : field.kind === "choice" ? "; space: next value" : "";
  const type = `${field.type}${kind}${field.default === null ? "" : `; default ${field.default}`}`;
  return [
    new Line(width, paint).addUntrusted(type, "accent").toString(),
    ...(loud
      ? [
          new Line(width, paint)
            .add(`${sanitizeLine(nameOf(field))} ${sanitizeLine(held.problem)}`, "bad")
            .toString(),
        ]
      : []),
    ...wrap(sanitizeLine(field.description), width, most - (loud ? 2 : 1)).map((text) =>
      new Line(width, paint).add(text, "muted").toString(),
    ),
  ];
}

function retryRows(
  state: State,
  page: PageOf<"retry">,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const operation = operationOf(state, page.id);
  if (operation === null) return [];
  const resumable = isResumable(state, operation.op);
  const choices = retryChoices(state, page.id);
  const at = Math.min(page.at, choices.length - 1);
  const rows = choices.map((choice, i) => retryRow(choice, resumable === true, i === at, width, paint));
  const why = wrap(retryReason(resumable, operation.op), width, 3).map((text) =>
    new Line(width, paint).add(text, "muted").toString(),
  );
  const foot = commandRows(commandOf(retryRequest(page.id, choices[at]?.from), state.flags), width, 3, paint);
  return filled([...rows, "", ...why], foot, height);
}

const retryRequest = (id: string, from: string | undefined): Request => ({
  kind: "retry",
  ids: [id],
  ...(from !== undefined && { from }),
});

function retryRow(
  choice: RetryChoice,
  resumable: boolean,
  chosen: boolean,
  width: number,
  paint: Paint,
): string {
  const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "accent");
  const first = sanitizeLine(choice.first ?? "the end");
  const text = !resumable
    ? "from the start"
    : choice.from === undefined
      ? `resume at ${first}`
      : `rerun from ${first}`;
  line.add(text, chosen ? "bold" : "plain");
  if (choice.kept.length > 0) line.add(`, reusing ${choice.kept.map(sanitizeLine).join(", ")}`, "muted");
  else if (resumable) line.add(", reusing nothing", "muted");
  return line.toString();
}

function retryReason(resumable: boolean | null, op: string): string {
  if (resumable === null) return "Loading whether the type stores the values of its stages.";
  return resumable
    ? "A stage with a stored value does not run again. A rerun discards the values from its stage on."
    : `${sanitizeLine(op)} stores no values of stages. A type with static resumable = true resumes where it failed.`;
}

const onRetry = onPage("retry");

function moveRetry(state: State, by: number): State {
  if (state.page?.kind !== "retry") return state;
  const last = retryChoices(state, state.page.id).length - 1;
  return { ...state, page: { ...state.page, at: Math.max(0, Math.min(last, state.page.at + by)) } };
}

export const RETRY_ACTIONS: readonly DashboardAction[] = [
  {
    name: "retry-up",
    keys: ["upArrow", "k"],
    group: "operation",
    when: onRetry,
    run: (state) => moveRetry(state, -1),
  },
  {
    name: "retry-down",
    keys: ["downArrow", "j", "tab"],
    group: "operation",
    when: onRetry,
    run: (state) => moveRetry(state, 1),
  },
  {
    name: "retry-choose",
    keys: ["return", "rightArrow", "l"],
    group: "operation",
    hint: () => "retry",
    rank: 0,
    when: onRetry,
    run: (state) => {
      if (state.page?.kind !== "retry") return state;
      const { id, at } = state.page;
      const choice = retryChoices(state, id)[at];
      if (choice === undefined) return state;
      const request = retryRequest(id, choice.from);
      const closed = { ...state, page: null };
      // Stored values are discarded only after a question.
      return choice.from === undefined
        ? emit({ ...closed, request }, { type: "send", request })
        : { ...closed, question: { request } };
    },
  },
  {
    name: "retry-close",
    keys: ["escape", "leftArrow", "h"],
    group: "operation",
    hint: () => "back",
    rank: 1,
    when: onRetry,
    run: (state) => ({ ...state, page: null }),
  },
];
