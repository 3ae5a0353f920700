/**
 * What changed between two states, as sentences that are read aloud: states, stages, tens of percent, warnings, ends.
 * Pure. Signs and bars are left out: a screen reader spells them.
 */

import { answerCommand, waitsForApproval } from "../../../protocol/approval.js";
import { stagePercent } from "../../../protocol/estimate/overall-progress.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Approval, Operation } from "../../../protocol/operation.js";
import { isUnrun } from "../../../protocol/stage-state.js";
import { isFinal } from "../../../protocol/state.js";
import { count } from "../../../protocol/text/count.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { oddText } from "../../../protocol/text/odd-text.js";
import { chainOf, isPaused, operationOf } from "../../dashboard/core/chain.js";
import { operationTime } from "../../dashboard/core/chain-time.js";
import { hostNamed } from "../../dashboard/core/hosts.js";
import type { State } from "../../dashboard/core/model.js";
import { pausedQueues, waitOf } from "../../dashboard/core/queue-view.js";
import { againstHung, startDaemon } from "../../dashboard/core/request.js";
import { sanitizeLine } from "../../dashboard/text/cells.js";
import { inOneLine } from "../../dashboard/text/outcome.js";
import { elapsedOf } from "../../describe/duration.js";
import { formatDuration, formatRate } from "../../terminal/format.js";
import { allowedFailures, stageNote } from "../../terminal/stage-note.js";
import { formatLeft } from "../../terminal/time-left.js";

/** @param id only this operation and its chain; null: all */
export function announce(before: State, after: State, id: string | null): string[] {
  return [...connection(before, after), ...heard(before, after, id)];
}

function connection(before: State, after: State): string[] {
  const reason = (state: State) => (state.connection.state === "connecting" ? state.connection.reason : null);
  const silent = hungOf(after) === undefined || hungOf(before) !== undefined ? [] : [hung(after)];
  if (silent.length > 0) return silent;
  if (reason(before) === null && reason(after) !== null)
    return [
      `No daemon responds on ${sanitizeLine(after.session.socket)}. Start one with: ${sanitizeLine(startDaemon(after.session.flags))}. Reconnecting.`,
    ];
  if (before.connection.state === after.connection.state)
    return [...pauses(before, after), ...hosts(before, after)];
  switch (after.connection.state) {
    case "live":
      return before.connection.state === "away" ? ["The daemon responds again."] : [opening(after)];
    case "away":
      return ["The daemon does not respond. Operations keep running. Reconnecting."];
    case "connecting":
      return [];
  }
}

const hungOf = ({ connection }: State) => (connection.state === "live" ? undefined : connection.hung);

function hung(state: State): string {
  const next = againstHung(hungOf(state)!, state.session.flags).map(
    ([command, does]) => `To ${does}: ${sanitizeLine(command)}.`,
  );
  return ["The daemon does not answer. Operations keep running.", ...next, "Reconnecting."].join(" ");
}

/** Queues that were paused or resumed. */
function pauses(before: State, after: State): string[] {
  if (before.queues.all === after.queues.all || before.queues.all.length === 0) return [];
  const [was, is] = [pausedQueues(before), pausedQueues(after)];
  const sentence = (names: string[], others: string[], word: string) =>
    names.filter((name) => !others.includes(name)).map((name) => `Queue ${sanitizeLine(name)}: ${word}.`);
  return [...sentence(is, was, "paused"), ...sentence(was, is, "resumed")];
}

/** Hosts of the fleet whose state changed. */
function hosts(before: State, after: State): string[] {
  if (before.hosts.all === after.hosts.all || before.hosts.all.length === 0) return [];
  return after.hosts.all
    .filter((host) => hostNamed(before, host.name)?.state !== host.state)
    .map(({ name, state }) => `Host ${sanitizeLine(name)}: ${state}.`);
}

function opening(state: State): string {
  const { running, queued, failed } = state.view.counts;
  return `Connected: ${running} running, ${queued} queued, ${failed} failed. Type help for the commands.`;
}

function heard(before: State, after: State, id: string | null): string[] {
  // The first picture is told by its counts, and on request.
  if (before.connection.state === "connecting" || before.view.operations === after.view.operations) return [];
  const followed = id === null ? null : operationOf(after, id);
  const chain = followed === null ? null : new Set(chainOf(after, followed).map((link) => link.id));
  const sentences: string[] = [];
  for (const [key, operation] of after.view.operations) {
    const was = operationOf(before, key);
    if (was === operation || (chain !== null && !chain.has(key))) continue;
    sentences.push(...changes(was, operation, after));
  }
  return sentences;
}

function changes(was: Operation | null, is: Operation, state: State): string[] {
  const name = nameOf(is);
  const sentences: string[] = [];
  if (was === null) {
    const previous = operationOf(state, is.chain.previous);
    const from = previous === null ? "" : `. Started by ${sanitizeLine(previous.title)}`;
    sentences.push(`${name}: ${is.state}${from}. Id ${is.id}.`);
  } else if (was.state !== is.state && !isFinal(is.state)) sentences.push(`${name}: ${is.state}.`);
  if (is.state === "running" && isPaused(is) !== (was !== null && isPaused(was)))
    sentences.push(`${name}: ${isPaused(is) ? "paused" : "resumed"}.`);
  if (is.currentStage !== (was?.currentStage ?? -1) && is.currentStage >= 0 && !isFinal(is.state))
    sentences.push(
      `${name}: stage ${is.currentStage + 1} of ${is.stages.length}, ${sanitizeLine(is.stages[is.currentStage] ?? "")}.`,
    );
  sentences.push(...unusualStages(was, is).map((text) => `${name}: ${text}.`));
  sentences.push(...failedSteps(was, is).map((text) => `${name}: ${text}.`));
  if (is.untrackedStage !== (was?.untrackedStage ?? null) && is.untrackedStage !== null)
    sentences.push(`${name}: untracked stage ${sanitizeLine(is.untrackedStage)}.`);
  const ten = (operation: Operation) => Math.floor(operation.percent / 10);
  const sameStage =
    was !== null && was.currentStage === is.currentStage && was.untrackedStage === is.untrackedStage;
  if (is.state === "running" && sameStage && ten(is) > ten(was))
    sentences.push(`${name}: ${about(is)}${ten(is) * 10} percent${pace(is, state)}.`);
  const level = is.status?.level;
  if ((level === "warning" || level === "error") && is.status?.text !== was?.status?.text)
    sentences.push(`${name}: ${level}: ${sanitizeLine(is.status!.text)}`);
  const { waitingForInput } = is;
  if (waitingForInput && !was?.waitingForInput)
    sentences.push(
      `${name}: waits for input${asked(waitingForInput.prompt)}. In a shell: liveops attach ${is.id}.`,
    );
  const open = waitsForApproval(is);
  if (open !== null && (was === null || waitsForApproval(was) === null))
    sentences.push(`${name}: ${questionOf(open)}. In a shell: ${answerCommand(is.id, open)}.`);
  if (is.cancelRequested && !was?.cancelRequested && !isFinal(is.state))
    sentences.push(`${name}: cancelling.`);
  if (isFinal(is.state) && was?.state !== is.state) sentences.push(ended(is));
  return sentences;
}

/** Stages that were skipped or are up to date, or whose failure was allowed, since then. */
function unusualStages(was: Operation | null, is: Operation): string[] {
  if (was?.stageStates === is.stageStates) return [];
  return is.stages.flatMap((stage) => {
    const state = getOwn(is.stageStates, stage);
    if (!isUnrun(state) && state !== "allowed-failure") return [];
    const isOld = was?.attempt === is.attempt && getOwn(was.stageStates, stage) === state;
    return isOld ? [] : [`stage ${sanitizeLine(stage)} ${stageNote(state, getOwn(is.stageTimes, stage))}`];
  });
}

/** Steps that are told at once. */
const STEPS_MOST = 3;

/** Steps that failed since then: the stage may go on for long. */
function failedSteps(was: Operation | null, is: Operation): string[] {
  if (is.steps === undefined || was?.steps === is.steps) return [];
  const failed = Object.entries(is.steps).flatMap(([stage, list]) => {
    const before = was?.attempt === is.attempt ? (getOwn(was.steps ?? {}, stage) ?? []) : [];
    const old = new Set(before.flatMap(({ name, state }) => (state === "failed" ? [name] : [])));
    return list.filter(({ name, state }) => state === "failed" && !old.has(name));
  });
  const told = failed.slice(0, STEPS_MOST).map(({ name, reason }) => {
    const why = reason === null ? "" : `: ${sanitizeLine(reason)}`;
    return `step ${sanitizeLine(name)} failed${why}`;
  });
  const more = failed.length - told.length;
  return more > 0 ? [...told, `${count(more, "more step")} failed`] : told;
}

function asked(prompt: string): string {
  return prompt === "" ? "" : `: ${sanitizeLine(prompt)}`;
}

export function nameOf({ title, label }: Operation): string {
  return label === null ? sanitizeLine(title) : `${sanitizeLine(title)}, ${sanitizeLine(label)}`;
}

function pace(operation: Operation, state: State): string {
  const { progress } = operation;
  const { seconds, isLeast } = operationTime(state, operation);
  const parts = [
    progress?.rate == null ? "" : formatRate(progress.rate, progress.unit),
    seconds === null ? "" : `${isLeast ? "at least " : ""}${formatLeft(seconds)} left`,
  ].filter(Boolean);
  return parts.length === 0 ? "" : `, ${sanitizeLine(parts.join(", "))}`;
}

function ended(operation: Operation): string {
  const seconds = elapsedOf(operation, 0);
  const took = seconds === null ? "" : ` after ${formatDuration(seconds)}`;
  const { error, result } = operation;
  const causes = (error?.causes ?? []).map(({ message }) => `, caused by ${firstLine(message)}`);
  const allowed = allowedFailures(operation).length;
  const passed = allowed === 0 ? "" : `, with ${allowed} allowed failure${allowed === 1 ? "" : "s"}`;
  const why =
    error !== null && operation.state !== "succeeded"
      ? `: ${sanitizeLine(firstLine(error.message) + causes.join(""))}`
      : "";
  const what =
    operation.state === "succeeded" && result !== null && result !== undefined
      ? `. Result: ${sanitizeLine(typeof result === "string" ? JSON.stringify(result) : inOneLine(result))}`
      : "";
  const odd = (operation.odd ?? []).map((each) => `. Odd: ${sanitizeLine(oddText(each))}`).join("");
  return `${nameOf(operation)}: ${operation.state}${took}${passed}${why}${odd}${what}.`;
}

/** What stands before a percent that is an estimate. */
function about({ progress }: Operation): string {
  return progress?.approximate ? "about " : "";
}

function questionOf({ question, choices }: Approval): string {
  return `waits for approval: ${sanitizeLine(question)} (${choices.map(sanitizeLine).join(", ")})`;
}

/** One operation, as it stands. */
export function describe(operation: Operation, at: State): string[] {
  const { state, stages, currentStage, untrackedStage, id } = operation;
  if (isFinal(state)) return [`${ended(operation)} Id ${id}.`];
  const tracked =
    currentStage < 0
      ? ""
      : `, stage ${currentStage + 1} of ${stages.length}, ${sanitizeLine(stages[currentStage] ?? "")}`;
  const stage = untrackedStage === null ? tracked : `, untracked stage ${sanitizeLine(untrackedStage)}`;
  const share = state === "running" ? stagePercent(operation) : null;
  const percent =
    share === null
      ? pace(operation, at)
      : `, ${about(operation)}${Math.floor(share)} percent${pace(operation, at)}`;
  const seconds = elapsedOf(operation, at.now);
  const running = seconds === null ? "" : `, for ${formatDuration(seconds)}`;
  const { waitingForInput } = operation;
  const open = waitsForApproval(operation);
  const question = open === null ? "" : `, ${questionOf(open)}`;
  const input = waitingForInput ? `, waits for input${asked(waitingForInput.prompt)}` : "";
  const word = isPaused(operation) ? "paused" : state;
  const wait = waitOf(at, operation);
  const waits = wait === null ? "" : `, ${sanitizeLine(wait.long)}`;
  return [`${nameOf(operation)}: ${word}${running}${stage}${percent}${waits}${input}${question}. Id ${id}.`];
}
