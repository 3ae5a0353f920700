/** All facts of an operation, which are unfolded in its panel: values as JSON. */

import { getOwn } from "../../../../protocol/objects.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { framesOf } from "../../../../protocol/text/stack-frames.js";
import type { AttemptRow } from "../../../describe/course.js";
import { describeOperation } from "../../../describe/operation.js";
import { formatDuration } from "../../../terminal/format.js";
import { stageNote } from "../../../terminal/stage-note.js";
import { omittedValue, resultOf } from "../../../text/result.js";
import { answerOf } from "../../core/ask.js";
import { nameOf, operationOf } from "../../core/chain.js";
import { dependencyEnd } from "../../core/queue-view.js";
import { dateAndTime, glyphOf, stateWord } from "../../core/state-style.js";
import { pad, widthOf } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import { chainResults, textRows, valueText } from "../../text/outcome.js";
import { attempts } from "./asks.js";
import type { DetailView } from "./view.js";

/** Rows of one fact. */
const TEXT_MOST = 200;

export function factRows(view: DetailView): Line[] {
  const facts = Object.entries(factsOf(view)).filter(([, text]) => text !== "");
  const nameWidth = Math.max(...facts.map(([name]) => widthOf(name)));
  return facts.flatMap(([name, text]) =>
    textRows(text, view.width - nameWidth - 2, TEXT_MOST).map((row, i) =>
      new Line(view.width).add(pad(i === 0 ? name : "", nameWidth), "muted").add(`  ${row}`),
    ),
  );
}

function factsOf({ state, operation, links }: DetailView): Record<string, string> {
  const { omitted, error, actionFailures = [], stages, stageStates, stageTimes } = operation;
  const dependency = (id: string) => {
    const [named, end] = [operationOf(state, id), dependencyEnd(state, id)];
    if (named === null || end === null) return id;
    return `${glyphOf(end)} ${nameOf(state, named)} (${id}, ${stateWord(end)})`;
  };
  const rows = describeOperation(operation, { now: state.now, dependency });
  const result = resultOf(operation);
  const read = answerOf(state, attempts);
  return {
    ...Object.fromEntries(
      rows.map(({ label, value, kind }) => [
        label,
        kind === "time" || kind === "start" ? dateAndTime(value) : value,
      ]),
    ),
    parameters: valueText(
      omitted?.params === undefined ? operation.params : omittedValue(operation, omitted.params),
    ),
    error: error?.message ?? "",
    code: error?.code ?? "",
    at: placesOf(error?.stack ?? null),
    causes: linesOf((error?.causes ?? []).flatMap(({ message, stack }) => [message, placesOf(stack)])),
    result: result.text ?? valueText(result.value),
    "results of the chain": linesOf(
      chainResults(links, operation).map(({ title, value, text }) => `${title}: ${text ?? valueText(value)}`),
    ),
    stages: linesOf(
      stages.map((stage) => {
        const note = stageNote(getOwn(stageStates, stage), getOwn(stageTimes, stage));
        return note === "" ? "" : `${stage}: ${note}`;
      }),
    ),
    "failed actions": linesOf(
      actionFailures.map(
        ({ event, source, at, message }) => `${event} (${source}), ${dateAndTime(at)}: ${message}`,
      ),
    ),
    attempts: read?.id === operation.id ? linesOf(read.attempts.map(attemptOf)) : "…",
  };
}

const linesOf = (lines: readonly string[]): string => lines.filter((line) => line !== "").join("\n");

const placesOf = (stack: string | null): string =>
  framesOf(stack)
    .map(({ place, where }) => `${place}  ${where}`.trimEnd())
    .join("\n");

/** `2: 2026-12-01 10:04:12, lost after 3s: host b is gone, reused Build` */
function attemptOf({ number, host, startedAt, ended, seconds, error, reason, reused }: AttemptRow) {
  const why = error?.message ?? reason;
  const parts = [
    dateAndTime(startedAt),
    ...(host === null ? [] : [`on ${host}`]),
    `${ended ?? "running"}${seconds === null ? "" : ` after ${formatDuration(seconds)}`}`,
    ...(reused.length === 0 ? [] : [`reused ${reused.join(", ")}`]),
    ...(why === null ? [] : [firstLine(why)]),
  ];
  return `${number}: ${parts.join(", ")}`;
}
