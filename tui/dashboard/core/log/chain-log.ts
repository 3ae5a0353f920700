/**
 * The log of a whole chain as one log: the lines of each operation follow those of the operations
 * before. Numbers count through the chain; the daemon counts by operation.
 */

import { getOwn } from "../../../../protocol/objects.js";
import type { LogLine, Operation } from "../../../../protocol/operation.js";
import type { LogQuery } from "../../../../protocol/requests.js";
import { failedSteps } from "../../../../protocol/step-names.js";
import { chainOf, selectedOperation } from "../chain.js";
import { patched, type State } from "../model.js";
import { type LogFilter, openLog } from "./log-window.js";
import type { LogLink, Seek } from "./slice.js";

export function linksOf(state: State, operation: Operation): LogLink[] {
  let offset = 0;
  return chainOf(state, operation).map(({ id, title, logLines }) => {
    const link = { id, name: title, offset, lines: logLines };
    offset += logLines;
    return link;
  });
}

/** The log of the selected chain, from its end. */
export function openChainLog(state: State): State {
  const operation = selectedOperation(state);
  if (operation === null) return patched(state, "log", { window: openLog(null, 0), links: [] });
  const links = linksOf(state, operation);
  const last = links.at(-1)!;
  const log = openLog(operation.chain.id, last.offset + last.lines, last.offset);
  return patched(state, "log", { window: log, links });
}

/** The log of a failed operation, from the first line that tells of its error. */
export function seekError(state: State, operation: Operation): State {
  const { stages, stageStates, stageTimes, startedAt } = operation;
  const failed = stages.find((stage) => getOwn(stageStates, stage) === "failed");
  const errorSince =
    (failed === undefined ? null : getOwn(stageTimes, failed)?.startedAt) ?? startedAt;
  if (operation.state !== "failed" || errorSince === null) return state;
  const after = state.log.links.find(({ id }) => id === operation.id)?.offset ?? 0;
  const whole: Seek = { query: { after }, orElse: null, none: "", errorSince };
  if (failed === undefined) return patched(state, "log", { seek: whole });
  const [step] = failedSteps(operation, failed);
  const query = { after, stage: failed, step };
  const seek = { ...whole, query, orElse: whole };
  return patched(state, "log", { seek });
}

/**
 * After data came in: the links as they are now. Where an earlier one has grown, its numbers are
 * new: the log is opened again.
 */
export function settleLinks(before: State, after: State): State {
  const operation = selectedOperation(after);
  if (operation === null || (before.view === after.view && before.fetched === after.fetched))
    return after;
  const links = linksOf(after, operation);
  const moved = after.log.links.some(({ id, offset }) => {
    const now = links.find((link) => link.id === id);
    return now === undefined || now.offset !== offset;
  });
  if (moved || after.log.window.id !== operation.chain.id)
    return patched(openChainLog(after), "log", { run: after.log.run + 1 });
  const same =
    links.length === after.log.links.length &&
    links.every(({ lines }, i) => lines === after.log.links[i]!.lines);
  return same ? after : patched(after, "log", { links });
}

/** A line with its number in the chain. */
export function shifted(lines: readonly LogLine[], offset: number): readonly LogLine[] {
  return offset === 0 ? lines : lines.map((line) => ({ ...line, n: line.n + offset }));
}

/** The operation that a line of the chain belongs to. */
export function linkAt(links: readonly LogLink[], n: number): LogLink | null {
  return links.findLast(({ offset }) => offset < n) ?? links[0] ?? null;
}

export const filterQuery = ({ stage, step }: LogFilter): LogQuery => ({
  stage: stage ?? undefined,
  step: step ?? undefined,
});

/** Lines of the whole log, as far as is known. */
export function logTotal({ log: { window: log, links } }: State): number {
  const last = links.at(-1);
  return Math.max(log.total, last === undefined ? 0 : last.offset + last.lines);
}
