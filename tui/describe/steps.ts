/**
 * The steps of a stage as rows: those that matter most where there are many, and the number of the
 * others.
 */
import { secondsBetween } from "../../protocol/estimate/seconds.js";
import { getOwn } from "../../protocol/objects.js";
import type { Operation, Step, StepCounts } from "../../protocol/operation.js";
import { isUnrun, knownStepState, STEP_ENDS, type StepState } from "../../protocol/stage-state.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { formatBytes, formatCount, formatDuration, formatPercent } from "../terminal/format.js";
import { savedText } from "../terminal/stage-note.js";

/** Rows of a stage. */
const MOST_ROWS = 20;

/** What a person looks for first. */
const RANKS: Record<StepState, number> = {
  failed: 0,
  "allowed-failure": 1,
  active: 2,
  cancelled: 3,
  ended: 4,
  skipped: 5,
  "up-to-date": 6,
  done: 7,
};

export interface StepRows {
  /** In the order of their begin. */
  readonly rows: readonly Step[];
  /** What the rows leave out, such as `3 more failed, 9,950 done, 12 wait`; empty: nothing. */
  readonly others: string;
}

/** @param most - rows at most */
export function stepsOf(
  { steps, stepCounts, stageStates }: Pick<Operation, "steps" | "stepCounts" | "stageStates">,
  stage: string,
  most: number = MOST_ROWS,
): StepRows {
  const list = getOwn(steps ?? {}, stage) ?? [];
  const ranked = [...list.entries()].toSorted(([i, a], [j, b]) => rankOf(a) - rankOf(b) || j - i);
  const rows = ranked
    .slice(0, most)
    .toSorted(([i], [j]) => i - j)
    .map(([, step]) => step);
  const isActive = getOwn(stageStates, stage) === "active";
  return {
    rows,
    others: othersOf(getOwn(stepCounts ?? {}, stage) ?? { total: 0 }, list, rows, isActive),
  };
}

const rankOf = ({ state }: Step) => RANKS[knownStepState(state)];

function othersOf(
  counts: StepCounts,
  list: readonly Step[],
  rows: readonly Step[],
  isActive: boolean,
): string {
  const shown = (state: StepState) =>
    rows.filter((step) => knownStepState(step.state) === state).length;
  const ended = STEP_ENDS.map((state) => [counts[state] ?? 0, state] as const);
  const isFirst = ([, state]: readonly [number, StepState]) => RANKS[state] < RANKS.active;
  const active = list.filter(({ state }) => state === "active").length;
  const waiting = counts.total - active - ended.reduce((sum, [n]) => sum + n, 0);
  const wait = waiting === 1 ? "waits" : "wait";
  return [
    ...ended.filter(isFirst),
    [active, "active"] as const,
    ...ended.filter((each) => !isFirst(each)),
  ]
    .map(
      ([n, state]) =>
        [
          n - shown(state),
          `${shown(state) > 0 ? "more " : ""}${state.replaceAll("-", " ")}`,
        ] as const,
    )
    .concat([[waiting, isActive ? wait : "did not start"]])
    .filter(([n]) => n > 0)
    .map(([n, words]) => `${formatCount(n)} ${words}`)
    .join(", ");
}

/** Why it ended as it did, one line; empty: there is nothing to say. Untrusted text. */
export function stepNote({ state, reason }: Pick<Step, "state" | "reason">): string {
  const known = knownStepState(state);
  const word =
    known === "ended" || known === "skipped" || known === "allowed-failure"
      ? known.replace("-", " ")
      : "";
  return [word, firstLine(reason ?? "")].filter(Boolean).join(": ");
}

/** Use of the programs of an active step; empty: none runs, or it is not measured yet. */
function stepUse(
  { usage }: Pick<Operation, "usage">,
  { name, state }: { name: string; state: string | undefined },
): string {
  const use = state === "active" ? getOwn(usage?.steps ?? {}, name) : undefined;
  return use === undefined ? "" : `${Math.round(use.cpu * 100)}% cpu ${formatBytes(use.rssBytes)}`;
}

/**
 * How long it took, its percent, use or status while it is active, and why it ended as it did.
 * Untrusted text.
 */
export function stepFacts(
  step: Step,
  now: number,
  of: Pick<Operation, "usage" | "pause">,
): string[] {
  const { state, resumed, seconds, startedAt, finishedAt, percent, status } = step;
  const ran = secondsBetween(startedAt, finishedAt ?? of.pause?.since ?? now);
  const took = formatDuration(seconds ?? Math.floor(ran));
  const isActive = state === "active";
  return [
    resumed || isUnrun(state) ? "" : took,
    isActive && percent > 0 ? formatPercent(percent, step.progress?.approximate) : "",
    stepUse(of, step),
    isActive ? (status?.text ?? "") : "",
    stepNote(step),
    savedText(step),
  ].filter(Boolean);
}
