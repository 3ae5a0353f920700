/**
 * What is known of a failure: the place in the source, the output before it, and the last good run with what differs
 * since. Pure.
 */
import { isDeepStrictEqual } from "node:util";
import type { Operation } from "../../../protocol/operation.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { shownParams } from "../../describe/operation.js";
import { linksIn } from "../../terminal/links.js";
import { framesOf } from "../text/outcome.js";
import { operationOf, selectedOperation } from "./chain.js";
import { historyName } from "./history.js";
import { hasSeveral } from "./host-view.js";
import type { History, Source, State } from "./model.js";

/** A line of a file. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** The line that failed, where its file is on this machine: the operation's own frame, else the place in the message. */
export function placeOf(state: State, operation: Operation): Place | null {
  const { error, cwd, host } = operation;
  // A file of the same path here may be another one.
  const isElsewhere = host !== undefined && host !== state.daemon?.host;
  if (error === null || hasSeveral(state) || state.flags.remote !== undefined || isElsewhere) return null;
  const own = [error, ...(error.causes ?? [])]
    .flatMap(({ stack }) => framesOf(stack))
    .find((frame) => frame.own && frame.source !== null);
  return (
    own?.source ??
    linksIn(firstLine(error.message), cwd).find(({ source }) => source !== null)?.source ??
    null
  );
}

/** The lines of the selected failure's source to read; null: none, or they are read. */
export function wantedSource(state: State): Place | null {
  const operation = selectedOperation(state);
  if (operation?.state !== "failed") return null;
  const place = placeOf(state, operation);
  return place === null || isOf(state.source, place) ? null : place;
}

const isOf = (source: Source | null, { file, line }: Place): boolean =>
  source !== null && source.file === file && source.line === line;

/** The place that the editor can open; null: there is none, or its file cannot be read. */
export function editablePlace(state: State, operation: Operation): Place | null {
  const place = placeOf(state, operation);
  const isGone = place !== null && isOf(state.source, place) && state.source?.lines.length === 0;
  return isGone ? null : place;
}

/** The lines around the place, if they are read; null: not read, or the file is gone. */
export function sourceAt(state: State, place: Place): Source | null {
  const { source } = state;
  return source !== null && isOf(source, place) && source.lines.length > 0 ? source : null;
}

/** Whether the error is that of a program: its message ends with the last lines of the output. */
export function isOfProgram({ error }: Operation): boolean {
  return error !== null && /\b(?:exited with \d+|was killed by SIG\w+)\b/.test(firstLine(error.message));
}

/** The last success of the same kind before the failure. */
function goodRun(state: State, operation: Operation): History["recent"][number] | null {
  const recent = state.histories.get(historyName(operation))?.recent ?? [];
  const end = operation.finishedAt ?? operation.updatedAt;
  return recent.find(({ state: is, finishedAt }) => is === "succeeded" && finishedAt < end) ?? null;
}

/** The good run that the selected failure is compared with, if its record is not here. */
export function wantedGoodRun(state: State): string | null {
  const operation = selectedOperation(state);
  const good = operation?.state === "failed" ? goodRun(state, operation) : null;
  return good === null || operationOf(state, good.id) !== null ? null : good.id;
}

export interface Since {
  readonly good: History["recent"][number];
  /** `target=prod (was staging)`; null: the record of the good run is not known. */
  readonly changes: readonly string[] | null;
}

/** The last good run and what differs from it; null: there is none among the last runs. */
export function sinceGood(state: State, operation: Operation): Since | null {
  const good = goodRun(state, operation);
  if (good === null) return null;
  const before = operationOf(state, good.id);
  return { good, changes: before === null ? null : changes(before, operation) };
}

function changes(before: Operation, now: Operation): string[] {
  const facts = ({ cwd, host, omitted, ...rest }: Operation): Record<string, unknown> => ({
    ...(omitted?.params === undefined && shownParams({ ...rest, cwd, host, omitted } as Operation)),
    cwd,
    ...(host !== undefined && { host }),
  });
  const [was, is] = [facts(before), facts(now)];
  return [...new Set([...Object.keys(is), ...Object.keys(was)])].flatMap((name) => {
    if (isDeepStrictEqual(was[name], is[name])) return [];
    if (was[name] === undefined) return [`${name}=${inWords(is[name])}`];
    return [`${name}=${inWords(is[name])} (was ${inWords(was[name])})`];
  });
}

const inWords = (value: unknown): string =>
  value === undefined ? "not set" : typeof value === "string" ? value : (JSON.stringify(value) ?? "");
