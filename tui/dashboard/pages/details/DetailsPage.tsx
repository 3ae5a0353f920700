/** All of one operation, one part below the other, in rows that scroll. */

import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { framesOf } from "../../../../protocol/text/stack-frames.js";
import type { AttemptRow } from "../../../describe/course.js";
import { describeOperation, type Row } from "../../../describe/operation.js";
import { formatDuration } from "../../../terminal/format.js";
import { stageNote } from "../../../terminal/stage-note.js";
import { omittedValue, resultOf } from "../../../text/result.js";
import { chainOf, nameOf, operationOf } from "../../core/chain.js";
import { bareOf } from "../../core/key.js";
import { panesOf } from "../../core/layout.js";
import type { PageOf, State } from "../../core/model.js";
import { scrollMover } from "../../core/movers.js";
import { Panel, Rows, useTheme } from "../../core/Panel.js";
import { dependencyEnd } from "../../core/queue-view.js";
import { dateAndTime, glyphOf, stateWord, styleOf } from "../../core/state-style.js";
import { sanitizeLine, wrap } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import { chainResults, textRows } from "../../text/outcome.js";
import { type Paint, type Style, unpainted } from "../../text/theme.js";
import { valueTable } from "../../text/value-table.js";

/** Rows of a value that are made at most. */
const ROWS_MOST = 2000;
const MARGIN = 2;

export function DetailsPage({ state, page }: { state: State; page: PageOf<"record"> }) {
  const { paint } = useTheme();
  const { height } = panesOf(state);
  const { columns } = state.size;
  const operation = operationOf(state, page.id);
  const rows = detailRows(state, page, columns - 4, paint);
  const visible = rows.slice(page.top, page.top + height - 2);
  const below = rows.length - page.top - visible.length;
  return (
    <Panel
      width={columns}
      height={height}
      title={
        operation === null
          ? [["Removed", "bold"]]
          : [
              [`${glyphOf(operation)} `, styleOf(operation)],
              [sanitizeLine(operation.title), "bold"],
              [`  ${stateWord(operation)}`, styleOf(operation)],
            ]
      }
      right={below > 0 ? [[`↓ ${below} more`, "muted"]] : []}
      active
      margin={1}
    >
      <Rows rows={visible} />
    </Panel>
  );
}

export function detailRows(state: State, page: PageOf<"record">, width: number, paint: Paint): string[] {
  const operation = operationOf(state, page.id);
  if (operation === null) return ["", "The operation was removed."];
  const indent = " ".repeat(MARGIN);
  const heading = (text: string, style: Style = "plain") => ["", paint(text, "bold", style)];
  const table = (value: unknown) =>
    valueTable(value, width - MARGIN, ROWS_MOST, paint).map((row) => indent + row);
  const rows = [...table(details(state, operation))];
  const { hookFailures = [] } = operation;
  if (hookFailures.length > 0)
    rows.push(
      ...heading("Failed hooks", "warn"),
      ...hookFailures.flatMap(({ hook, source, at, message }) =>
        indentedRows(`${hook} (${source}), ${dateAndTime(at)}: ${message}`, indent, width),
      ),
    );
  const { omitted } = operation;
  const values = omitted?.params === undefined ? operation.params : omittedValue(operation, omitted.params);
  const params = Object.keys(values).length === 0 ? [`${indent}none`] : table(values);
  rows.push(...heading("Parameters"), ...params);
  if (operation.error !== null) rows.push(...heading("Error", "bad"), ...failure(operation, width, paint));
  const { value: result, text: ownText } = resultOf(operation);
  const own = (text: string | null) =>
    text === null ? [] : [...textRows(text, width - MARGIN, ROWS_MOST).map((row) => indent + row), ""];
  if (result !== null && result !== undefined)
    rows.push(...heading("Result"), ...own(ownText), ...table(result));
  for (const { title, value, text } of chainResults(chainOf(state, operation), operation))
    rows.push(...heading(`Result of ${sanitizeLine(title)}`), ...own(text), ...table(value));
  const notes = stageNotes(operation);
  if (Object.keys(notes).length > 0) rows.push(...heading("Stages"), ...table(notes));
  rows.push(...heading("Attempts"), ...attemptRows(page.attempts, width, paint));
  return rows;
}

/** Skipped stages with the reason, and allowed failures. */
function stageNotes({ stages, stageStates, stageTimes }: Operation): Record<string, string> {
  const notes = stages.map((stage) => [
    stage,
    stageNote(getOwn(stageStates, stage), getOwn(stageTimes, stage)),
  ]);
  return Object.fromEntries(notes.filter(([, note]) => note !== ""));
}

function details(state: State, operation: Operation): Record<string, string> {
  const rows = describeOperation(operation, {
    now: state.now,
    id: bareOf,
    // With the state of the end of its chain.
    dependency: (id) => {
      const [named, end] = [operationOf(state, id), dependencyEnd(state, id)];
      if (named === null || end === null) return bareOf(id);
      return `${glyphOf(end)} ${nameOf(state, named)} (${bareOf(id)}, ${stateWord(end)})`;
    },
  });
  const text = ({ value, kind }: Row) => (kind === "time" || kind === "start" ? dateAndTime(value) : value);
  // The page lists all attempts below.
  const facts = rows.filter(({ label }) => label !== "attempt");
  return Object.fromEntries(facts.map((row) => [row.label, text(row)]));
}

function failure(operation: Operation, width: number, paint: Paint): string[] {
  const { code, message, stack, causes = [] } = operation.error!;
  const indent = " ".repeat(MARGIN);
  const rows = indentedRows(message, indent, width);
  rows.push(new Line(width, paint).add(`${indent}${sanitizeLine(code)}`, "muted").toString());
  rows.push(...frameRows(stack, indent, width, paint));
  for (const cause of causes) {
    // A narrow screen keeps room for the text.
    const deeper = " ".repeat(Math.min(MARGIN + 2 * cause.depth, Math.floor(width / 4)));
    rows.push(...indentedRows(`caused by ${cause.message}`, deeper, width));
    rows.push(...frameRows(cause.stack, deeper, width, paint));
  }
  return rows;
}

function indentedRows(text: string, indent: string, width: number): string[] {
  const room = width - indent.length;
  return text.split("\n").flatMap((line) => wrap(sanitizeLine(line), room, 40).map((part) => indent + part));
}

function frameRows(stack: string | null, indent: string, width: number, paint: Paint): string[] {
  return framesOf(stack).map(({ place, where, own }) => {
    const line = new Line(width, paint).add(`${indent}at `, "muted").add(place, own ? "bold" : "muted");
    return line.add(where === "" ? "" : `  ${where}`, "muted").toString();
  });
}

function attemptRows(read: readonly AttemptRow[] | null, width: number, paint: Paint): string[] {
  if (read === null) return ["  …"];
  if (read.length === 0) return ["  none yet"];
  // Where all attempts ran on one host, the host of the operation says it.
  const isMoved = new Set(read.map(({ host }) => host)).size > 1;
  return read.flatMap(({ number, host, startedAt, ended, seconds, error, reason, reused }) => {
    const line = new Line(width, paint)
      .add(`  ${number}  `, "bold")
      .add(`${dateAndTime(startedAt)}  `, "muted");
    if (isMoved && host !== null) line.addUntrusted(`${host}  `);
    line.addUntrusted(ended ?? "running", ended === "failed" || ended === "lost" ? "bad" : "plain");
    if (seconds !== null) line.add(` after ${formatDuration(seconds)}`, "muted");
    const why = error?.message ?? reason;
    if (why !== null) line.addUntrusted(`  ${firstLine(why)}`);
    const rows = [line.toString()];
    if (reused.length > 0)
      rows.push(
        ...wrap(`reused ${reused.map(sanitizeLine).join(", ")}`, width - 5, 3).map((text) => `     ${text}`),
      );
    return rows;
  });
}

export const DETAILS_MOVER = scrollMover("record", (state) => ({
  rows:
    state.page?.kind === "record"
      ? detailRows(state, state.page, state.size.columns - 4, unpainted).length
      : 0,
  height: panesOf(state).height - 2,
}));
