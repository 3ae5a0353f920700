/**
 * The first part of a failed operation: the error with its causes, the line of the source, the last lines of the output,
 * what changed since it last worked, the machine, and the keys that go on from here.
 */

import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { failedSteps } from "../../../protocol/step-names.js";
import { isErrorLine } from "../../../protocol/text/line-level.js";
import type { Why } from "../../../protocol/why.js";
import { describeWhy, type WhyLook, type WhyName } from "../../describe/why.js";
import { fit, sanitizeLine, widthOf } from "../text/cells.js";
import { type Drawn, Line, paragraph } from "../text/line.js";
import type { Paint, Style } from "../text/theme.js";
import { labelOf, reasonOf } from "./action.js";
import type { State } from "./model.js";
import { isResumable, retryChoices } from "./pages.js";
import { editablePlace, isOfProgram, isToldByProgram, whyOf } from "./why.js";

/** Rows of the error, of each cause, of the output, and of what changed. */
const HEAD_MOST = 4;
const CAUSE_MOST = 2;
const CAUSES_MOST = 8;
const OUTPUT_MOST = 10;
const CHANGES_MOST = 16;
/** Rows of the output, and of what changed, without which they tell little. */
const OUTPUT_LEAST = 3;
const CHANGES_LEAST = 2;

interface Room {
  readonly state: State;
  readonly operation: Operation;
  readonly why: Why | null;
  readonly width: number;
  readonly paint: Paint;
}

/** @param height rows at most */
export function failureCard(
  state: State,
  operation: Operation,
  width: number,
  height: number,
  paint: Paint,
): Drawn[] {
  if (operation.error === null || height <= 0) return [];
  const why = whyOf(state, operation);
  const room = { state, operation, why: why === null ? null : shortened(why, height), width, paint };
  const head = headRows(room, Math.max(1, Math.min(HEAD_MOST, height)));
  const causes = causeRows(room);
  const source = sourceRows(room, height < FEW);
  const output = outputRows(room);
  const changes = [
    // A full disk or a lack of memory is likely to be the cause.
    ...machineRows(room, true),
    ...[...whyRows(room, "changes"), ...whyRows(room, "notes")].slice(0, CHANGES_MOST),
  ];
  const machine = machineRows(room, false);
  const keys = keyRows(room);
  let left = height - head.length;
  const take = (rows: readonly Drawn[], least = rows.length): number => {
    const count = rows.length <= left ? rows.length : left >= least ? left : 0;
    left -= count;
    return count;
  };
  // The parts that tell most are given room first.
  const least = output.slice(-OUTPUT_LEAST);
  const few = take(least, 1);
  const first = take(causes.slice(0, CAUSE_MOST), 1);
  const nSource = take(source);
  const nKeys = take(keys);
  const nCauses = first < CAUSE_MOST ? first : first + take(causes.slice(CAUSE_MOST), 1);
  const nChanges = take(changes, CHANGES_LEAST);
  const more = few < least.length ? 0 : take(output.slice(0, -OUTPUT_LEAST), 1);
  const nMachine = take(machine);
  const parts = [
    [...head, ...causes.slice(0, nCauses), ...source.slice(0, nSource)],
    few + more === 0 ? [] : output.slice(-few - more),
    changes.slice(0, nChanges),
    [...machine.slice(0, nMachine), ...keys.slice(0, nKeys)],
  ].filter((part) => part.length > 0);
  return parts.flatMap((part, i) => (i > 0 && left-- > 0 ? ["", ...part] : part));
}

/** With fewer rows, of the source only the line that failed. */
const FEW = 16;
/** Rows from which a diff is shown whole, and its lines below that. */
const WHOLE_FROM = 26;
const DIFF_LEAST = 4;

/** On a small screen, a diff must not hide the other changes. */
function shortened(why: Why, height: number): Why {
  if (height >= WHOLE_FROM) return why;
  const changes = why.changes.map(({ diff, ...change }) => ({
    ...change,
    ...(diff !== undefined && {
      diff: diff.length > DIFF_LEAST ? [...diff.slice(0, DIFF_LEAST - 1), "…"] : diff,
    }),
  }));
  return { ...why, changes };
}

/** The rows of what is scarce, or the others. */
function machineRows({ why, width, paint }: Room, isScarce: boolean): Line[] {
  const rows = why === null ? [] : (describeWhy(why).find(({ name }) => name === "machine")?.rows ?? []);
  return rows
    .filter(({ look }) => (look === "bad") === isScarce)
    .map(({ text, look }) => new Line(width, paint).add("  ").addUntrusted(text, STYLES[look]));
}

/** The stage, its step and the attempt stand at the right of the error, where there is room. */
function headRows({ operation, why, width, paint }: Room, most: number): Line[] {
  const { error, stages, stageStates, attempt } = operation;
  const lines = error!.message.split("\n");
  const stage = stages.find((name) => getOwn(stageStates, name) === "failed");
  const [step, other] = stage === undefined ? [] : failedSteps(operation, stage);
  const place = step === undefined || other !== undefined ? stage : `${stage}/${step}`;
  const facts = [
    ...(place === undefined ? [] : [fit(sanitizeLine(place), 24)]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join(" · ");
  const rows = paragraph(lines[0]!, { width, most, paint, sign: "✗ " }, "bad", "bold");
  rows[0]?.right(facts, "muted");
  // The output of a program has rows of its own.
  const rest = isOfProgram(operation) ? "" : lines.slice(1).join("\n");
  const exit = why?.failure?.exit ?? null;
  const inWords = exit?.includes(": ") ? [new Line(width, paint).add("  ").addUntrusted(exit)] : [];
  return [
    ...[...rows, ...inWords].slice(0, most),
    ...paragraph(rest, { width, most: most - rows.length, paint, sign: "  " }),
  ];
}

function causeRows({ operation, width, paint }: Room): Line[] {
  return (operation.error!.causes ?? []).slice(0, CAUSES_MOST).flatMap(({ message, depth }) => {
    const sign = `  ${" ".repeat(Math.min(2 * depth, Math.floor(width / 4)))}└ `;
    const [first, ...output] = message.split("\n").filter((text) => text.trim() !== "");
    const last = isToldByProgram(message) ? output.slice(-1) : output;
    return paragraph(
      `caused by ${[first, ...last].join("\n")}`,
      { width, most: CAUSE_MOST, paint, sign },
      "bad",
    );
  });
}

/** Where it failed, with the lines around. `e` opens it. */
function sourceRows(room: Room, isBrief: boolean): Line[] {
  const place = room.why?.failure?.place ?? null;
  if (place === null) return [];
  const named = `${place.file.split("/").slice(-2).join("/")}:${place.line}`;
  const line = new Line(room.width, room.paint).add("  at ", "muted").addUntrusted(named);
  return [line, ...whyRows(room, "source", (look) => !isBrief || look === "here")];
}

/** The last lines of the program that failed, as it printed them; the one that tells of the error in bold. */
function outputRows({ operation, width, paint }: Room): Line[] {
  if (!isOfProgram(operation)) return [];
  const lines = operation
    .error!.message.split("\n")
    .slice(1)
    .map((line) => sanitizeLine(line).trimEnd());
  const told = lines.filter((line) => line !== "").slice(-OUTPUT_MOST);
  const at = told.findLastIndex(isErrorLine);
  return told.map((text, i) => new Line(width, paint).add("  ").add(text, i === at ? "bold" : "plain"));
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

function whyRows({ why, width, paint }: Room, wanted: WhyName, isShown = (_: WhyLook) => true): Line[] {
  const section = why === null ? undefined : describeWhy(why).find(({ name }) => name === wanted);
  if (section === undefined) return [];
  const { title, rows } = section;
  const line = () => new Line(width, paint).add("  ");
  return [
    ...(title === "" ? [] : [line().addUntrusted(title, "muted")]),
    ...rows
      .filter(({ look }) => isShown(look))
      .map(({ text, look }) => line().addUntrusted(text, STYLES[look])),
  ];
}

/** The keys that go on from here, as they are now. */
function keyRows({ state, operation, width, paint }: Room): Line[] {
  const first = isResumable(state, operation) ? (retryChoices(state, operation.id)[0]?.first ?? null) : null;
  const from = first === null || first === operation.stages[0] ? "" : ` from ${fit(sanitizeLine(first), 24)}`;
  const isOurs = state.session.readOnly === null;
  // Those that tell most come first: a narrow card has no room for the others.
  const does: Record<string, string> = {
    ...(isOurs && { retry: `retry${from}`, shell: "shell" }),
    editor: editablePlace(state, operation) === null ? "edit log" : "edit source",
    ...(isOurs && { again: "run again" }),
    "copy-why": "copy why",
  };
  const line = new Line(width, paint).add("  ");
  for (const [name, hint] of Object.entries(does)) {
    const action = state.session.actions.find((each) => each.name === name && each.when(state));
    const isOff = action !== undefined && name === "shell" && reasonOf(action, state) !== null;
    const key = action === undefined || isOff ? "" : labelOf(action);
    if (key === "" || widthOf(key) + widthOf(hint) + 1 > line.left) continue;
    line.add(key, "bold").add(` ${hint}   `.slice(0, line.left), "muted");
  }
  return line.left === width - 2 ? [] : [line];
}
