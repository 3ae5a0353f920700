/**
 * What changed between two states, as sentences that are read aloud. Pure. Signs and bars are left
 * out: a screen reader spells them.
 */

import { answerCommand, waitsForApproval } from "../../../protocol/approval.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { isUnrun } from "../../../protocol/stage-state.js";
import { isFinal } from "../../../protocol/state.js";
import { count } from "../../../protocol/text/count.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { oddText } from "../../../protocol/text/odd-text.js";
import { chainOf, isPaused, operationOf } from "../../dashboard/core/chain.js";
import type { State } from "../../dashboard/core/model.js";
import { waitOf } from "../../dashboard/core/queues/queue-view.js";
import { againstHung, startDaemon } from "../../dashboard/core/request.js";
import { chainTime, stageProgress } from "../../dashboard/core/time/chain-time.js";
import { chainElapsed } from "../../dashboard/core/time/estimate.js";
import { sanitizeLine } from "../../dashboard/text/cells.js";
import { summaryOf } from "../../dashboard/text/outcome.js";
import { elapsedOf } from "../../describe/duration.js";
import { formatDuration, formatRate } from "../../terminal/format.js";
import { allowedFailures, stageNote } from "../../terminal/stage-note.js";
import { longLeft } from "../../terminal/time-left.js";

export function nameOf({ title, label }: Operation): string {
  return sanitizeLine(label === null ? title : `${title}, ${label}`);
}

const say = (operation: Operation, text: string) => `${nameOf(operation)}: ${sanitizeLine(text)}.`;

const words = (texts: readonly string[], between = ", ") => texts.filter(Boolean).join(between);

const after = (seconds: number | null) =>
  seconds === null ? "" : ` after ${formatDuration(seconds)}`;

/** What it asks a person; "": nothing. */
function questionOf(operation: Operation): string {
  const { waitingForInput, id } = operation;
  const open = waitsForApproval(operation);
  if (open !== null)
    return `waits for you: ${open.question} (${open.choices.join(", ")}). In a shell: ${answerCommand(id, open)}`;
  if (!waitingForInput) return "";
  return `${words(["waits for you", waitingForInput.prompt], ": ")}. In a shell: liveops attach ${id}`;
}

function endOf(operation: Operation): string {
  const { state, error } = operation;
  const summary = summaryOf(operation);
  const allowed = allowedFailures(operation).length;
  const head = `${state}${after(elapsedOf(operation, 0))}`;
  const why = (error?.causes ?? [])
    .map(({ message }) => `, caused by ${firstLine(message)}`)
    .join("");
  const odd = (operation.odd ?? []).map((each) => `Odd: ${oddText(each)}`);
  const isGood = state === "succeeded";
  return words(
    [
      words([head, allowed === 0 ? "" : `with ${count(allowed, "allowed failure")}`]) +
        (error === null || isGood ? "" : `: ${firstLine(error.message)}${why}`),
      ...odd,
      isGood && summary !== "" ? `Result: ${summary}` : "",
    ],
    ". ",
  );
}

/**
 * What is true of the operation, each in untrusted words: said once it is true, what waits for a
 * person first.
 */
function factsOf(operation: Operation): string[] {
  const {
    state,
    stages,
    stageStates,
    stageTimes,
    steps = {},
    status,
    currentStage,
    untrackedStage,
  } = operation;
  const unusual = stages.flatMap((stage) => {
    const is = getOwn(stageStates, stage);
    const note =
      isUnrun(is) || is === "allowed-failure" ? stageNote(is, getOwn(stageTimes, stage)) : "";
    return note === "" ? [] : [`stage ${stage} ${note}`];
  });
  const failed = Object.values(steps)
    .flat()
    .filter((step) => step.state === "failed")
    .map(({ name, reason }) => words([`step ${name} failed`, reason ?? ""], ": "));
  if (isFinal(state)) return [...unusual, ...failed, endOf(operation)];
  return [
    questionOf(operation),
    isPaused(operation) ? "paused" : state,
    currentStage < 0
      ? ""
      : `stage ${currentStage + 1} of ${stages.length}, ${stages[currentStage]}`,
    untrackedStage === null ? "" : `untracked stage ${untrackedStage}`,
    ...unusual,
    ...failed,
    status?.level === "warning" || status?.level === "error"
      ? `${status.level}: ${status.text}`
      : "",
    operation.cancelRequested ? "cancelling" : "",
  ].filter(Boolean);
}

/** Facts of an operation that are said at once. */
const SAID_MOST = 4;

/** @param id only this operation and its chain; null: all */
export function announce(before: State, after: State, id: string | null): string[] {
  const changed = changedBetween(before, after, id).toSorted(
    ([, a], [, b]) => Number(questionOf(a) === "") - Number(questionOf(b) === ""),
  );
  return [...connection(before, after), ...changed.flatMap(([was, is]) => news(was, is, after))];
}

/** The operation with the id and its chain; without an id all. */
function followedIn(state: State, id: string | null): readonly Operation[] {
  const operation = id === null ? null : operationOf(state, id);
  return operation === null ? [...state.view.operations.values()] : chainOf(state, operation);
}

type Change = readonly [was: Operation | null, is: Operation];

function changedBetween(before: State, after: State, id: string | null): Change[] {
  // The first picture is told by its counts, and on request.
  if (before.connection.state === "connecting" || before.view.operations === after.view.operations)
    return [];
  return followedIn(after, id).flatMap((is): Change[] => {
    const was = operationOf(before, is.id);
    return was === is ? [] : [[was, is]];
  });
}

function news(was: Operation | null, is: Operation, state: State): string[] {
  const old = was === null ? [] : factsOf(was);
  const fresh = factsOf(is).filter((text) => !old.includes(text));
  const more = fresh.length - SAID_MOST;
  const said = more > 0 ? [...fresh.slice(0, SAID_MOST), `${more} more`] : fresh;
  const previous = was === null ? operationOf(state, is.chain.previous) : null;
  const from = previous === null ? "" : `started by ${previous.title}`;
  const { next, index } = is.chain;
  const isOver = isFinal(is.state) && was?.state !== is.state && next === null && index > 0;
  const links = chainOf(state, is);
  return [
    ...(was === null ? [words([from, `id ${is.id}`])] : []),
    ...said,
    ...(isOver
      ? [`the chain of ${links.length} ${is.state}${after(chainElapsed(links, state.now))}`]
      : []),
  ].map((text) => say(is, text));
}

function connection({ connection: was }: State, state: State): string[] {
  const { connection: is, session } = state;
  const tell = (text: string) => [sanitizeLine(`${text} Reconnecting.`)];
  const hung = is.state === "live" ? undefined : is.hung;
  if (hung !== undefined && (was.state === "live" || was.hung === undefined)) {
    const next = againstHung(hung, session.flags).map(
      ([command, does]) => `To ${does}: ${command}.`,
    );
    return tell(words(["The daemon does not answer. Operations keep running.", ...next], " "));
  }
  if (
    is.state === "connecting" &&
    is.reason !== null &&
    was.state === "connecting" &&
    was.reason === null
  )
    return tell(
      `No daemon responds on ${session.socket}. Start one with: ${startDaemon(session.flags)}.`,
    );
  if (was.state === is.state) return [];
  if (is.state === "away") return tell("The daemon does not respond. Operations keep running.");
  return was.state === "away" ? ["The daemon responds again."] : opening(state);
}

/** The counts, and what waits for an answer. */
function opening({ view }: State): string[] {
  const asking = [...view.operations.values()].filter((it) => questionOf(it) !== "");
  const { running, queued, toAnswer } = view.counts;
  const counts = words([
    `Connected: ${running} running`,
    `${queued} queued`,
    toAnswer === 0 ? "" : `${toAnswer} to answer`,
  ]);
  return [`${counts}. Type help for the commands.`, ...asking.map((it) => say(it, questionOf(it)))];
}

/** How far it is, and how long its chain still takes. */
function progressOf(operation: Operation, state: State): string {
  const { progress } = operation;
  const share = operation.state === "running" ? stageProgress(state, operation) : null;
  return words([
    share === null
      ? ""
      : `${share.approximate ? "about " : ""}${Math.floor(share.percent)} percent`,
    progress?.rate == null ? "" : formatRate(progress.rate, progress.unit),
    longLeft(chainTime(state, operation)).replace("≥", "at least ").replace("…", ""),
  ]);
}

/**
 * Of the running operations, that whose progress was said the longest ago, if it got on since;
 * null: none did.
 */
export function nextProgress(state: State, id: string | null, said: ReadonlyMap<string, string>) {
  const turns = [...said.keys()];
  const fresh = followedIn(state, id).flatMap((operation) => {
    const sentence = say(operation, progressOf(operation, state));
    const isNews = operation.state === "running" && said.get(operation.id) !== sentence;
    return isNews && stageProgress(state, operation) !== null
      ? [{ id: operation.id, sentence }]
      : [];
  });
  return fresh.sort((a, b) => turns.indexOf(a.id) - turns.indexOf(b.id))[0] ?? null;
}

/** One operation, as it stands. */
export function describe(operation: Operation, at: State): string {
  const seconds = elapsedOf(operation, at.now);
  const open = [
    seconds === null ? "" : `for ${formatDuration(seconds)}`,
    progressOf(operation, at),
    waitOf(at, operation)?.long ?? "",
  ];
  const isOver = isFinal(operation.state);
  return say(
    operation,
    `${words([...factsOf(operation), ...(isOver ? [] : open)])}. Id ${operation.id}`,
  );
}
