/** All facts of an operation as one table, which is unfolded in its panel. */

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
import { bareOf } from "../../core/key.js";
import { dependencyEnd } from "../../core/queue-view.js";
import { dateAndTime, glyphOf, stateWord } from "../../core/state-style.js";
import type { Line } from "../../text/line.js";
import { chainResults } from "../../text/outcome.js";
import { valueTable } from "../../text/value-table.js";
import { attempts } from "./asks.js";
import type { DetailView } from "./view.js";

/** Rows that are made, and rows of one text. */
const ROWS_MOST = 2000;
const TEXT_MOST = 40;

type Facts = Record<string, unknown>;

export function factRows(view: DetailView): Line[] {
  return valueTable(factsOf(view), view.width, ROWS_MOST, TEXT_MOST);
}

function factsOf({ state, operation, links }: DetailView): Facts {
  const { omitted, error, actionFailures = [], stages, stageStates, stageTimes } = operation;
  const dependency = (id: string) => {
    const [named, end] = [operationOf(state, id), dependencyEnd(state, id)];
    if (named === null || end === null) return bareOf(id);
    return `${glyphOf(end)} ${nameOf(state, named)} (${bareOf(id)}, ${stateWord(end)})`;
  };
  const rows = describeOperation(operation, { now: state.now, id: bareOf, dependency });
  const result = resultOf(operation);
  const read = answerOf(state, attempts);
  const facts: Facts = {
    ...Object.fromEntries(
      rows.map(({ label, value, kind }) => [
        label,
        kind === "time" || kind === "start" ? dateAndTime(value) : value,
      ]),
    ),
    parameters: omitted?.params === undefined ? operation.params : omittedValue(operation, omitted.params),
    error: error && {
      message: error.message,
      code: error.code,
      at: placesOf(error.stack),
      causes:
        error.causes &&
        Object.fromEntries(
          error.causes.map(({ message, stack }, i) => [
            i + 1,
            `${message}\n${placesOf(stack) ?? ""}`.trimEnd(),
          ]),
        ),
    },
    result: result.text ?? result.value,
    "results of the chain": Object.fromEntries(
      chainResults(links, operation).map(({ title, value, text }) => [title, text ?? value]),
    ),
    stages: Object.fromEntries(
      stages.map((stage) => [
        stage,
        stageNote(getOwn(stageStates, stage), getOwn(stageTimes, stage)) || undefined,
      ]),
    ),
    "failed actions": actionFailures.map(
      ({ event, source, at, message }) => `${event} (${source}), ${dateAndTime(at)}: ${message}`,
    ),
    attempts: read?.id === operation.id ? Object.fromEntries(read.attempts.map(attemptOf)) : "…",
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => hasValue(value)));
}

const placesOf = (stack: string | null): string | undefined =>
  framesOf(stack)
    .map(({ place, where }) => `${place}  ${where}`.trimEnd())
    .join("\n") || undefined;

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
  return [number, parts.join(", ")] as const;
}

/** What has no value has no row. */
const hasValue = (value: unknown): boolean =>
  typeof value === "object" && value !== null
    ? Object.values(value).some((part) => part !== undefined)
    : value != null && value !== "";
