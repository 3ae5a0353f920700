/**
 * What a failure shows: the error with its causes, the line of the source, the last lines, what
 * changed since it last worked, and what the machine was short of. A cancelled operation has its
 * error and the causes.
 */

import { getOwn } from "../../../../protocol/objects.js";
import { failedSteps } from "../../../../protocol/step-names.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { errorLineIn, headlineOf, isOfProgram } from "../../../../protocol/text/line-level.js";
import type { Change, Why } from "../../../../protocol/why.js";
import { elapsedOf } from "../../../describe/duration.js";
import {
  describeWhy,
  sinceText,
  type WhyLook,
  type WhyName,
  type WhyRow,
} from "../../../describe/why.js";
import { formatDuration } from "../../../terminal/format.js";
import { whyOf } from "../../core/operation/why.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Line, paragraph } from "../../text/line.js";
import type { Style } from "../../text/theme.js";
import type { DetailView } from "./view.js";

/** Rows of one cause, and of one long change. */
const CAUSE_MOST = 2;
const DIFF_MOST = 6;
/** Columns of the name of a stage. */
const PLACE_MOST = 24;

const errorOf = ({ operation: { error, state } }: DetailView) =>
  state === "succeeded" ? null : error;
const styleOf = ({ operation }: DetailView): Style =>
  operation.state === "failed" ? "bad" : "warn";

/**
 * The stage, its step, the attempt and the time stand at the right of the reason, where there is
 * room.
 */
export function errorRows(view: DetailView, most: number): Line[] {
  const { state, operation, width } = view;
  const error = errorOf(view);
  if (error === null) return [];
  const { stages, stageStates, attempt } = operation;
  const stage = stages.find((name) => getOwn(stageStates, name) === "failed");
  const [step, other] = stage === undefined ? [] : failedSteps(operation, stage);
  const place = step === undefined || other !== undefined ? stage : `${stage}/${step}`;
  const seconds = elapsedOf(operation, state.now);
  const facts = [
    ...(place === undefined ? [] : [fit(sanitizeLine(place), PLACE_MOST)]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(seconds === null ? [] : [formatDuration(seconds)]),
  ].join(" · ");
  const [first = "", ...more] = error.message.split("\n");
  const reason = headlineOf(error.message);
  const rows = paragraph(reason, { width, most, sign: "✗ " }, styleOf(view), "bold");
  rows.find(({ left }) => left > widthOf(facts))?.right(facts, "muted");
  const exit = whyOf(state, operation)?.failure?.exit ?? "";
  // The name of the stage stands at the right, and the file needs no directory.
  const ending = first.replace(/^"[^"]*" /, "").replace(/\S*\/(?=[^/\s]+:\d)/, "");
  const words = [...(reason === first ? [] : [ending]), ...(exit.includes(": ") ? [exit] : [])];
  // The output of a program has rows of its own.
  const rest = (isOfProgram(first) ? words : more).join("\n");
  return rest === "" ? rows : [...rows, ...paragraph(rest, { width, most, sign: "  " })];
}

export function causeRows(view: DetailView): Line[] {
  const { width } = view;
  return (errorOf(view)?.causes ?? []).flatMap(({ message, depth }) => {
    const sign = `  ${" ".repeat(Math.min(2 * depth, Math.floor(width / 4)))}└ `;
    const [first = "", ...output] = message.split("\n").filter((text) => text.trim() !== "");
    const last = isOfProgram(first) ? output.slice(-1) : output;
    const text = [first.replace(/^Error: /, ""), ...last].join("\n");
    return paragraph(text, { width, most: CAUSE_MOST, sign }, styleOf(view));
  });
}

/** The line that failed, where the shell named it. The key of the editor opens it. */
export function sourceRow({ state, operation, line }: DetailView): Line[] {
  const { place = null, source = null } = whyOf(state, operation)?.failure ?? {};
  if (place === null || place.to !== undefined) return [];
  const text = source?.lines[place.line - source.from] ?? "";
  const named = `${place.file.split("/").at(-1)}:${place.line}`;
  return [
    line()
      .add("▸ ", "muted")
      .addUntrusted(named, "muted")
      .add("  ")
      .addUntrusted(text.trim(), "bold"),
  ];
}

/**
 * The last lines of the program or of the log, as they are; among them the one that tells of the
 * error, in bold.
 */
export function outputRows({ state, operation, line }: DetailView, most: number): Line[] {
  if (operation.state !== "failed" || operation.error === null) return [];
  const [first = "", ...output] = operation.error.message.split("\n");
  const own = isOfProgram(first) ? output : [];
  const lines = (own.length > 0 ? own : (whyOf(state, operation)?.failure?.lines ?? []))
    .map((text) => sanitizeLine(text).trimEnd())
    .filter((text) => text !== "");
  const at = errorLineIn(lines);
  const from = Math.max(0, at === -1 ? lines.length - most : Math.min(at, lines.length - most));
  return lines.slice(from, from + most).map((text, i) =>
    line()
      .add("│ ", "muted")
      .add(text, i + from === at ? "bold" : "plain"),
  );
}

const STYLES: Readonly<Record<WhyLook, Style>> = {
  plain: "plain",
  bad: "bad",
  muted: "muted",
  added: "good",
  removed: "bad",
  here: "bold",
  command: "plain",
};

function section(why: Why, wanted: WhyName): readonly WhyRow[] {
  return describeWhy(why).find(({ name }) => name === wanted)?.rows ?? [];
}

/** Changes that have rows of their own: a diff, a line of the log. */
const isLong = ({ kind }: Change): boolean => kind === "script" || kind === "log";

/**
 * `± target=prod (was staging)   fails=true (was false)   since it succeeded 6s before`, then the
 * long changes.
 */
export function changeRows(view: DetailView, most: number): Line[] {
  const why = whyOf(view.state, view.operation);
  if (why === null) return [];
  const rows: Line[] = [];
  const add = (text: string, style: Style, isOwn: boolean) => {
    const last = isOwn ? undefined : rows.at(-1);
    if (last !== undefined && widthOf(text) + 3 <= last.left) last.add("   ").add(text, style);
    else
      rows.push(
        view
          .line()
          .add(rows.length === 0 ? "≠ " : "  ", "warn")
          .add(text, style),
      );
  };
  const short = why.changes.filter((change) => !isLong(change));
  for (const { text, look } of section({ ...why, changes: short }, "changes"))
    add(sanitizeLine(text), STYLES[look], false);
  const since = sinceText(why);
  if (since !== "") add(since, "muted", false);
  for (const change of why.changes.filter(isLong))
    for (const { text, look } of section({ ...why, changes: [change] }, "changes").slice(
      0,
      DIFF_MOST,
    ))
      add(sanitizeLine(text), STYLES[look], true);
  const notes = section(why, "notes").map(({ text }) =>
    view.line().add("  ").addUntrusted(text, "muted"),
  );
  return [...rows, ...notes].slice(0, most);
}

/** What the machine was short of. */
export function machineRows(view: DetailView): Line[] {
  const why = whyOf(view.state, view.operation);
  return (why === null ? [] : section(why, "machine"))
    .filter(({ look }) => look === "bad")
    .map(({ text }) => view.line().add("▲ ", "bad").addUntrusted(firstLine(text), "bad"));
}
