/** The differences of two runs as lines of text. Pure. */

import { isUnrun, type StepState } from "../../../protocol/stage-state.js";
import type { State } from "../../../protocol/state.js";
import type { Paint } from "../../../protocol/text/colour.js";
import { sanitize, sanitizeLogLine } from "../../../protocol/text/sanitize.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";
import { jsonLine } from "../../kit/output/json.js";
import { columnsOf, cut, fit } from "../../kit/output/width.js";
import { formatCount, formatDuration } from "../../terminal/format.js";
import { stageGlyph, stateGlyph } from "../../terminal/glyphs.js";
import type {
  LogDifference,
  LogSide,
  RunDifference,
  RunSide,
  StageSide,
  ValueDifference,
} from "./diff.js";

/** Columns of a value beside another one. */
const MOST_VALUE = 48;
const MOST_NAME = 24;
const MOST_LINE = 160;

export function diffLines(difference: RunDifference, paint: Paint): string[] {
  const { left, right, record, params, env, stages, result, error, log } = difference;
  const names: ValueDifference[] = [
    ...env.left.map((name) => ({ name, left: "set" })),
    ...env.right.map((name) => ({ name, right: "set" })),
  ];
  const stageRows = stages.map(({ name, left: a, right: b, same }) => ({
    name,
    same,
    cells: [stageText(a), stageText(b), changeOf(a?.seconds, b?.seconds)] as const,
  }));
  return [
    `${paint("red", "left ")}  ${sideText(left)}`,
    `${paint("green", "right")}  ${sideText(right)}`,
    ...table("record", rowsOf(record), paint),
    ...table("params", rowsOf(params), paint),
    ...table("environment", rowsOf(names), paint),
    ...table("stages", stageRows, paint),
    ...table("result", rowsOf(result), paint),
    ...table("error", rowsOf(error), paint),
    ...logLines(log, paint),
    "",
    summary(difference),
  ];
}

function sideText({ id, op, label, state, startedAt, seconds }: RunSide): string {
  const parts = [
    id,
    op,
    `${stateGlyph(state as State)} ${state}`,
    seconds === null ? "" : formatDuration(seconds),
    startedAt ?? "",
    label ?? "",
  ];
  return parts
    .filter(Boolean)
    .map((part) => sanitize(part))
    .join("  ");
}

interface Row {
  name: string;
  same: boolean;
  cells: readonly [left: string, right: string, change: string];
}

function rowsOf(values: readonly ValueDifference[]): Row[] {
  return values.map((value) => ({
    name: value.name,
    same: false,
    cells: [valueText(value, "left"), valueText(value, "right"), ""],
  }));
}

function valueText(value: ValueDifference, side: "left" | "right"): string {
  if (!Object.hasOwn(value, side)) return "–";
  const own = value[side];
  return sanitize(typeof own === "string" ? own : jsonLine(own));
}

function stageText(side: StageSide | null): string {
  if (side === null) return "–";
  const { state, seconds, note } = side;
  const took = seconds === null || isUnrun(state) ? "" : ` ${formatDuration(seconds)}`;
  // A note says the state too.
  const word = state === "done" || note !== "" ? "" : ` ${state}`;
  return `${stageGlyph(state === "pending" ? undefined : (state as StepState))}${word}${took}${note === "" ? "" : ` ${note}`}`;
}

function changeOf(left: number | null | undefined, right: number | null | undefined): string {
  if (typeof left !== "number" || typeof right !== "number") return "";
  const change = right - left;
  if (Math.abs(change) < 0.0005) return "";
  return `${change < 0 ? "−" : "+"}${formatDuration(Math.abs(change))}`;
}

function table(title: string, rows: readonly Row[], paint: Paint): string[] {
  if (rows.length === 0) return [];
  const texts = rows.map(({ name, same, cells: [left, right, change] }) => ({
    same,
    name: cut(sanitize(name), MOST_NAME),
    left: cut(left, MOST_VALUE),
    right: cut(right, MOST_VALUE),
    change,
  }));
  const width = (key: "name" | "left" | "right") =>
    Math.max(...texts.map((row) => columnsOf(row[key])));
  const [name, left, right] = [width("name"), width("left"), width("right")];
  const lines = texts.map((row) => {
    const colour = (side: "red" | "green", text: string) => (row.same ? text : paint(side, text));
    const cells = `${colour("red", fit(row.left, left))}  ${colour("green", row.change === "" ? row.right : fit(row.right, right))}`;
    return `  ${fit(row.name, name)}  ${cells}${row.change === "" ? "" : `  ${paint("dim", row.change)}`}`;
  });
  return ["", paint("bold", title), ...lines];
}

function logLines({ same, lines, equal, first, before }: LogDifference, paint: Paint): string[] {
  const head = ["", `${paint("bold", "log")}${paint("dim", ", compared without times")}`];
  const count = (lines: number) => `${formatCount(lines)} ${lines === 1 ? "line" : "lines"}`;
  if (same || first === null)
    return [...head, equal === 0 ? "  both are empty" : `  ${count(equal)}, all the same`];
  const isOfStep = (first.left ?? first.right)?.step !== undefined;
  const end = `(end of the ${isOfStep ? "step" : "log"})`;
  return [
    ...head,
    `  ${count(lines.left)} and ${count(lines.right)}; ${startText(equal)}`,
    ...before.map((line) => paint("dim", `    ${lineText(line)}`)),
    paint("red", `  < ${first.left === null ? end : lineText(first.left)}`),
    paint("green", `  > ${first.right === null ? end : lineText(first.right)}`),
  ];
}

function startText(equal: number): string {
  if (equal === 0) return "they differ from the first line on";
  return equal === 1
    ? "the first line is the same"
    : `the first ${formatCount(equal)} are the same`;
}

function lineText({ n, stage, step, stream, text }: LogSide): string {
  const place = [stage, step].filter((name) => name != null).map((name) => sanitize(name!));
  return cut(
    `${n} ${place.length === 0 ? "" : `[${place.join("/")}] `}${stream === "log" ? "" : `${stream}: `}${withoutSequences(sanitizeLogLine(text))}`,
    MOST_LINE,
  );
}

function summary({ same, record, params, env, stages, result, error, log }: RunDifference): string {
  if (same) return "The runs are the same, apart from ids, labels and times.";
  const parts: Array<[string, boolean]> = [
    ["record", record.length > 0],
    ["parameters", params.length > 0],
    ["environment", env.left.length + env.right.length > 0],
    ["stages", stages.some((stage) => !stage.same)],
    ["result", result.length > 0],
    ["error", error.length > 0],
    ["log", !log.same],
  ];
  return `The runs differ: ${parts.flatMap(([name, differs]) => (differs ? [name] : [])).join(", ")}.`;
}
