/**
 * The first part of a failed operation: the error with its causes, the line of the source, the last lines of the output,
 * what changed since the last good run, and the keys that go on from here.
 */

import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { failedStep } from "../../describe/steps.js";
import { formatAge } from "../../kit/output/time.js";
import { formatDuration } from "../../terminal/format.js";
import { fit, sanitizeLine, widthOf } from "../text/cells.js";
import { type Drawn, Line, paragraph } from "../text/line.js";
import { isErrorLine } from "../text/log-level.js";
import { framesOf } from "../text/outcome.js";
import type { Paint } from "../text/theme.js";
import { labelOf } from "./action.js";
import { editablePlace, isOfProgram, placeOf, sinceGood, sourceAt } from "./failure.js";
import { historyName } from "./history.js";
import type { State } from "./model.js";
import { isResumable, retryChoices } from "./pages.js";

/** Rows of the error, of each cause, and of the output. */
const HEAD_MOST = 4;
const CAUSE_MOST = 2;
const CAUSES_MOST = 8;
const OUTPUT_MOST = 10;
/** Rows of the output without which it tells little. */
const OUTPUT_LEAST = 3;

interface Room {
  readonly state: State;
  readonly operation: Operation;
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
  const room = { state, operation, width, paint };
  const head = headRows(room, Math.max(1, Math.min(HEAD_MOST, height)));
  const causes = causeRows(room);
  const place = placeRows(room);
  const source = sourceRows(room);
  const output = outputRows(room);
  const since = sinceRows(room);
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
  const [nCauses, nPlace] = [take(causes, 1), take(place)];
  const nSource = take(source);
  const [nKeys, nSince] = [take(keys), take(since)];
  const more = few < least.length ? 0 : take(output.slice(0, -OUTPUT_LEAST), 1);
  const parts = [
    [...head, ...causes.slice(0, nCauses), ...place.slice(0, nPlace), ...source.slice(0, nSource)],
    tail(output, few + more),
    [...since.slice(0, nSince), ...keys.slice(0, nKeys)],
  ].filter((part) => part.length > 0);
  return parts.flatMap((part, i) => (i > 0 && left-- > 0 ? ["", ...part] : part));
}

const tail = <T>(rows: readonly T[], count: number): T[] => (count === 0 ? [] : rows.slice(-count));

/** The stage and the attempt stand at the right of the error, where there is room. */
function headRows({ operation, width, paint }: Room, most: number): Line[] {
  const { error, stages, stageStates, attempt } = operation;
  const lines = error!.message.split("\n");
  const stage = stages.find((name) => getOwn(stageStates, name) === "failed");
  const step = stage === undefined ? null : failedStep(operation, stage);
  const place = step === null ? stage : `${stage}/${step}`;
  const facts = [
    ...(place === undefined ? [] : [fit(sanitizeLine(place), 24)]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join(" · ");
  const rows = paragraph(lines[0]!, { width, most, paint, sign: "✗ " }, "bad", "bold");
  rows[0]?.right(facts, "muted");
  // The output of a program has rows of its own.
  const rest = isOfProgram(operation) ? "" : lines.slice(1).join("\n");
  return [...rows, ...paragraph(rest, { width, most: most - rows.length, paint, sign: "  " })];
}

function causeRows({ operation, width, paint }: Room): Line[] {
  return (operation.error!.causes ?? []).slice(0, CAUSES_MOST).flatMap(({ message, depth }) => {
    const sign = `  ${" ".repeat(Math.min(2 * depth, Math.floor(width / 4)))}└ `;
    return paragraph(`caused by ${message}`, { width, most: CAUSE_MOST, paint, sign }, "bad");
  });
}

/** Where the operation's own code failed. `e` opens it. */
function placeRows({ state, operation, width, paint }: Room): Line[] {
  const stacks = [operation.error!, ...(operation.error!.causes ?? [])].map(({ stack }) => stack);
  const frames = stacks.flatMap(framesOf);
  const frame = frames.find(({ own }) => own) ?? frames[0];
  const place = placeOf(state, operation);
  const source = place === null ? null : sourceAt(state, place);
  const named = place === null ? null : `${place.file.split("/").slice(-2).join("/")}:${place.line}`;
  const text = frame !== undefined ? frame.place : source === null ? null : sanitizeLine(named!);
  if (text === null) return [];
  const line = new Line(width, paint)
    .add("  at ", "muted")
    .add(text, frame?.own === false ? "muted" : "plain");
  if (source?.isNewer) line.addWhole("  changed after this run", "warn");
  return [line];
}

/** The lines around the one that failed, without their common indentation. */
function sourceRows({ state, operation, width, paint }: Room): Line[] {
  const place = placeOf(state, operation);
  const source = place === null ? null : sourceAt(state, place);
  if (source === null) return [];
  const texts = source.lines.map(sanitizeLine);
  const indents = texts.filter((text) => text.trim() !== "").map((text) => text.search(/\S/));
  const indent = Math.min(...indents);
  const digits = String(source.from + texts.length - 1).length;
  return texts.map((text, i) => {
    const number = source.from + i;
    const here = number === source.line;
    return new Line(width, paint)
      .add(here ? "  ▸ " : "    ", "bad")
      .add(`${String(number).padStart(digits)} │ `, here ? "bad" : "muted")
      .add(text.slice(indent), here ? "bold" : "plain");
  });
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

function sinceRows({ state, operation, width, paint }: Room): Line[] {
  const since = sinceGood(state, operation);
  if (since === null) {
    const runs = state.histories.get(historyName(operation))?.recent.length ?? 0;
    if (runs < 2) return [];
    return [new Line(width, paint).add(`  no good run among the last ${runs}`, "muted")];
  }
  const { good, changes } = since;
  const took = good.seconds === null ? "" : `, ${formatDuration(good.seconds)}`;
  const line = new Line(width, paint).add(
    `  last good run ${formatAge(good.finishedAt, state.now)} ago${took}`,
    "muted",
  );
  if (changes === null) return [line];
  if (changes.length === 0) return [line.addWhole(" · same parameters", "muted")];
  return [line.add(" · changed: ", "muted").addUntrusted(changes.join(", "))];
}

/** The keys that go on from here, as they are now. */
function keyRows({ state, operation, width, paint }: Room): Line[] {
  const first = isResumable(state, operation) ? (retryChoices(state, operation.id)[0]?.first ?? null) : null;
  const from = first === null || first === operation.stages[0] ? "" : ` from ${fit(sanitizeLine(first), 24)}`;
  const does: Record<string, string> = {
    retry: `retry${from}`,
    again: "run again",
    editor: editablePlace(state, operation) === null ? "edit log" : "edit source",
  };
  const line = new Line(width, paint).add("  ");
  for (const [name, hint] of Object.entries(does)) {
    const action = state.actions.find((each) => each.name === name);
    const key = action === undefined ? "" : labelOf(action);
    if (key === "" || widthOf(key) + widthOf(hint) + 4 > line.left) continue;
    line.add(key, "bold").add(` ${hint}   `.slice(0, line.left), "muted");
  }
  return line.left === width - 2 ? [] : [line];
}
