/** The steps of the stage that runs, or that ended badly, as rows below it; and what each of them said last. */
import { getOwn } from "../../../protocol/objects.js";
import type { LogLine, Operation, Step } from "../../../protocol/operation.js";
import { stepsOf } from "../../describe/steps.js";
import { operationOf } from "./chain.js";
import { patched, type State } from "./model.js";

/** A step, or an operation inside of the stage, or a stage of it. */
export interface StepRow extends Omit<Step, "state"> {
  /** Undefined: not entered. */
  readonly state: Step["state"] | undefined;
  /** How deep it stands below the steps; absent: it is a step. */
  readonly depth?: number;
}

/** The rows of what runs inside of the stage, or of its step. */
type InsideRows = (stage: string, step?: string) => readonly StepRow[];

export interface StepRows {
  readonly stage: string;
  /** Those that failed first. */
  readonly rows: readonly StepRow[];
  /** What the rows leave out; empty: nothing. */
  readonly others: string;
}

/** Rows of steps at most, and up to how many steps those that are done have a row. */
const ROWS_MOST = 20;
const ALL_MOST = 8;
/** Rows that the steps take of those of the stages, where there is no room for both. */
const ROWS_LEAST = 4;

/** The stage below which its steps stand; null: none. */
function unfoldedStage(operation: Operation, inside: InsideRows): string | null {
  const { stages, currentStage, stageStates, steps } = operation;
  const stage = stages[currentStage];
  if (stage === undefined) return null;
  if (getOwn(steps ?? {}, stage) === undefined && inside(stage).length === 0) return null;
  const state = getOwn(stageStates, stage);
  return state === "active" || state === "failed" || state === "cancelled" ? stage : null;
}

/**
 * @param room - rows of stages and steps together
 * @param stageRows - rows that the stages would like to have
 */
export function stepRowsIn(
  operation: Operation,
  room: number,
  stageRows: number,
  inside: InsideRows = () => [],
): StepRows | null {
  const stage = unfoldedStage(operation, inside);
  const most = Math.max(room - stageRows, Math.min(ROWS_LEAST, Math.floor(room / 2)));
  if (stage === null || most < 1) return null;
  const { rows, others } = rowsIn(operation, stage, Math.min(ROWS_MOST, most));
  const failed = (step: Step) => step.state === "failed";
  const sorted = [...rows.filter(failed), ...rows.filter((step) => !failed(step))];
  const all = [...sorted.flatMap((step) => [step, ...inside(stage, step.name)]), ...inside(stage)];
  return { stage, rows: fitting(all, Math.min(ROWS_MOST, most) - (others === "" ? 0 : 1)), others };
}

/** Where there is no room for all: those that are still to come have no row, then those that are done. */
function fitting(rows: readonly StepRow[], most: number): readonly StepRow[] {
  if (rows.length <= most) return rows;
  const rank = ({ state }: StepRow) => (state === undefined ? 2 : Number(FOLDED.has(state)));
  const kept = new Set(rows.toSorted((a, b) => rank(a) - rank(b)).slice(0, most));
  return rows.filter((row) => kept.has(row));
}

/** All steps where they are few; else those that are not done, and a row that counts the others. */
function rowsIn(operation: Operation, stage: string, most: number) {
  const all = stepsOf(operation, stage, Math.min(ALL_MOST, most));
  if (all.others === "") return all;
  const list = getOwn(operation.steps ?? {}, stage) ?? [];
  const undone = list.filter(({ state }) => !FOLDED.has(state));
  // Those that run have rows too, however many have failed.
  const active = list.filter(({ state }) => state === "active").length;
  const failedMost = Math.max(Math.ceil(most / 2), most - 1 - active);
  const failed = undone.filter(({ state }) => state === "failed").slice(0, -failedMost);
  const steps = { [stage]: list.filter((step) => !failed.includes(step)) };
  return stepsOf({ ...operation, steps }, stage, Math.min(most - 1, undone.length - failed.length));
}

const FOLDED: ReadonlySet<Step["state"]> = new Set(["done", "skipped", "up-to-date"]);

export const heightOfSteps = (steps: StepRows | null): number =>
  steps === null ? 0 : steps.rows.length + (steps.others === "" ? 0 : 1);

/** As many as a record lists steps. */
const LINES_MOST = 300;

/** A line that is older may be older than the status, which has no time. */
const NEW_MS = 2000;

const keyOf = (stage: string | null, step: string) => JSON.stringify([stage, step]);

/** With the last line of each step of the operation. */
export function withStepLines(state: State, id: string, lines: readonly LogLine[]): State {
  const last = new Map<string, LogLine>();
  for (const line of lines) if (line.step !== undefined) last.set(keyOf(line.stage, line.step), line);
  if (last.size === 0) return state;
  const { steps = {} } = operationOf(state, id) ?? {};
  const told = new Map(state.log.stepLines);
  for (const [key, { stage, step, text, at }] of last) {
    const before = told.get(key);
    if (before !== undefined && before.at > at) continue;
    const isNew = Date.parse(at) > state.now - NEW_MS;
    const now = isNew ? getOwn(steps, stage ?? "")?.findLast(({ name }) => name === step) : undefined;
    told.delete(key);
    told.set(key, { text, at, status: now?.status?.text ?? null });
  }
  for (const key of told.keys()) {
    if (told.size <= LINES_MOST) break;
    told.delete(key);
  }
  return patched(state, "log", { stepLines: told });
}

/** What an active step says: its status, or the line that it logged since. Untrusted text. */
export function saidBy(state: State, stage: string, step: StepRow): string {
  if (step.depth !== undefined) return step.status?.text ?? "";
  const line = state.log.stepLines.get(keyOf(stage, step.name));
  const status = step.status?.text ?? null;
  // Another step of this name logged it, in an earlier attempt.
  const isOld = line === undefined || line.at < step.startedAt;
  return isOld || line.status !== status ? (status ?? "") : line.text;
}
