/**
 * What the panels of the selected operation hold, and how high each part is. The log keeps its rows: blank rows, long
 * results and a long table of stages give way first. The keys of the log count by the same plan as its view.
 */

import { waitsForApproval } from "../../../protocol/approval.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { shownParams } from "../../describe/operation.js";
import { hardWrap, sanitizeLine, widthOf } from "../text/cells.js";
import { coloured } from "../text/coloured.js";
import { jsonLine } from "../text/json-line.js";
import type { Line } from "../text/line.js";
import { chainResults, outcomeRows } from "../text/outcome.js";
import { type Theme, unpainted } from "../text/theme.js";
import { approvalCard } from "./approval-card.js";
import { chainOf, selectedOperation } from "./chain.js";
import { stallOf } from "./estimate.js";
import { failureCard } from "./failure-card.js";
import { historyName, usualSuccessors } from "./history.js";
import { rowsInside } from "./inside.js";
import type { Lanes } from "./lane.js";
import { lanesOfView, rowsOfLanes } from "./lanes.js";
import { BORDER, panesOf } from "./layout.js";
import type { RowsOf } from "./log-window.js";
import type { State } from "./model.js";
import { perObject } from "./per-object.js";
import { dependenciesOf, placementText } from "./queue-view.js";
import { heightOfSteps, type StepRows, stepRowsIn } from "./steps.js";

export interface Part {
  readonly kind: PartKind;
  readonly height: number;
  /** Of the waterfall. */
  readonly lanes?: Lanes;
  /** Null: no stage is unfolded. */
  readonly steps?: StepRows | null;
}

export type PartKind =
  | ("about" | "stepper" | "bar" | "stall" | "status" | "stages")
  | ("placement" | "after" | "hooks" | "approval")
  | ("rate" | "cpu" | "recent" | "failure" | "outcome" | "results" | "blank");

export interface DetailPlan {
  readonly parts: readonly Part[];
  /** Columns inside the panels. */
  readonly width: number;
  /** Outer height of the panel of the operation; 0: only the log is shown. */
  readonly height: number;
  /** Outer height of the panel of the log. */
  readonly logHeight: number;
}

/** The input of the rows. */
export interface DetailView {
  readonly state: State;
  readonly operation: Operation;
  /** Of the chain. */
  readonly links: readonly Operation[];
  readonly width: number;
  readonly theme: Theme;
  readonly line: () => Line;
}

/** Rows of the log panel: as a share of the pane, and at least. */
const LOG_SHARE = 0.3;
const LOG_LEAST = 5;
const OUTCOME_MOST = 12;
const FAILURE_MOST = 30;
/** Rows of stages beside a failure. */
const STAGES_KEPT = 6;
const STAGES_FROM = 20;
/** With fewer rows, the operation has no row for its identifier alone. */
const SMALL = 8;

const part = (kind: PartKind, height: number): Part[] => (height > 0 ? [{ kind, height }] : []);
/** Parts of one row, each with whether it is there. */
const rows = (...all: ReadonlyArray<readonly [kind: PartKind, isThere: boolean]>): Part[] =>
  all.flatMap(([kind, isThere]) => (isThere ? part(kind, 1) : []));

const clamped = (rows: number, most: number): number => Math.max(0, Math.min(most, rows));
const heightOf = (parts: readonly Part[]): number => parts.reduce((sum, { height }) => sum + height, 0);

export const detailPlan = perObject(makePlan);

function makePlan(state: State): DetailPlan {
  const panes = panesOf(state);
  // A margin of one column on each side.
  const width = Math.max(1, panes.detailWidth - BORDER - 2);
  const operation = selectedOperation(state);
  if (operation === null || state.log.full)
    return { parts: [], width, height: 0, logHeight: panes.detailHeight };
  const roomy = panes.detailHeight >= 20;
  const least = Math.max(LOG_LEAST, Math.floor(panes.detailHeight * LOG_SHARE));
  const budget = Math.max(2, panes.detailHeight - least - BORDER);
  const groups = groupsOf(state, operation, width, budget, roomy);
  const parts = spaced(groups, budget);
  const height = heightOf(parts) + BORDER;
  return { parts, width, height, logHeight: panes.detailHeight - height };
}

function groupsOf(
  state: State,
  operation: Operation,
  width: number,
  budget: number,
  roomy: boolean,
): Part[][] {
  const running = operation.state === "running";
  const links = chainOf(state, operation);
  const ghosts = running || operation.state === "queued" ? usualSuccessors(state, links.at(-1)!) : [];
  const isChain =
    links.length + ghosts.length > 1 || (operation.chain.previous ?? operation.chain.next) !== null;
  // On a small screen the identifier alone gives way to an error or a stage.
  const isBare =
    operation.attempt < 2 && (operation.error !== null || Object.keys(shownParams(operation)).length === 0);
  const steps = rows(["stepper", running || isChain || operation.stages.length > 1]);
  const head = rows(["about", budget >= SMALL || !isBare]);
  const asks = waitsForApproval(operation) !== null;
  const whole = rows(
    ["bar", !asks],
    ["stall", stallOf(state, operation) !== null],
    ["status", operation.status !== null && !isPrompt(operation) && !asks],
    ["placement", placementText(state, operation) !== ""],
    ["after", dependenciesOf(operation).length > 0],
    ["hooks", (operation.hookFailures ?? []).length > 0],
  );
  const measured = operation.usage != null || (isFinal(operation.state) && operation.resources != null);
  const runs = state.operation.histories.get(historyName(operation))?.recent.length ?? 0;
  const figures = rows(
    ["rate", running && operation.progress !== null],
    ["cpu", measured],
    ["recent", runs > 1 && roomy],
  );
  const card = part("approval", approvalCard(state, operation, width, unpainted).length);
  let left = budget - steps.length - head.length - whole.length - heightOf(card);
  const isFailed = operation.state === "failed" && operation.error !== null;
  // On a large screen the stages keep some rows; on a small one, the stage that failed.
  const beside = budget < STAGES_FROM ? 1 : STAGES_KEPT;
  const kept = isFailed && roomy ? Math.min(operation.stages.length, beside) : 0;
  const outcome = (
    isFailed
      ? failureCard(state, operation, width, clamped(left - kept, FAILURE_MOST), unpainted)
      : outcomeRows(operation, width, clamped(left, OUTCOME_MOST), unpainted)
  ).length;
  left -= outcome;
  const some = figures.slice(0, Math.max(0, roomy ? left - kept : Math.min(1, left)));
  left -= some.length;
  const all = isChain ? lanesOfView(state, links, operation, true) : null;
  const hasLinks = all !== null && rowsOfLanes(all) <= left;
  const stages = stagesOf(
    state,
    operation,
    hasLinks ? all : lanesOfView(state, links, operation, false),
    left,
  );
  const results = Math.min(chainResults(links, operation).length, left - heightOf(stages) - 2);
  const rest = [stages, some, part("results", results)];
  return isFailed
    ? [[...steps, ...part("failure", outcome)], head, whole, ...rest]
    : [[...steps, ...head], card, whole, part("outcome", outcome), ...rest];
}

/** The row of the stall has the unfinished line of a program that waits for input. */
function isPrompt({ status, waitingForInput }: Operation): boolean {
  const prompt = waitingForInput?.prompt.trim() ?? "";
  return prompt !== "" && prompt === status?.text.trim();
}

function stagesOf(state: State, operation: Operation, lanes: Lanes, room: number): Part[] {
  const rows = rowsOfLanes(lanes);
  const steps = stepRowsIn(operation, room, rows, (stage, step) =>
    rowsInside(state, operation, stage, step, step === undefined ? 0 : 1),
  );
  const height = Math.min(rows + heightOfSteps(steps), room);
  return height <= 0 ? [] : [{ kind: "stages", height, lanes, steps }];
}

/** The groups one below the other, with blank rows between them as far as the budget goes. */
function spaced(groups: Part[][], budget: number): Part[] {
  const nonEmpty = groups.filter((group) => group.length > 0);
  let spare = budget - heightOf(nonEmpty.flat());
  return nonEmpty.flatMap((group, i) => (i > 0 && spare-- > 0 ? [...part("blank", 1), ...group] : group));
}

export interface LogRoom {
  readonly width: number;
  /** Rows of lines. */
  readonly height: number;
  readonly rowsOf: RowsOf;
}

/** Rows that one line takes at most. */
const LINE_MOST = 40;
/** Widths from which a line has its time of day, its stage and its stream. */
const TIME_FROM = 40;
const STAGE_FROM = 60;
const STREAM_FROM = 76;
/** From which lines of steps have their name in place of the time. */
const STEP_FROM = 32;
const STAGE_MOST = 14;

export interface LogColumns {
  readonly number: number;
  readonly time: number;
  readonly stage: number;
  readonly stream: number;
  /** All of them together, with a column for the mark. */
  readonly width: number;
}

/** Columns before the text of a line. */
export function logColumns(state: State): LogColumns {
  if (state.page?.kind === "copy") return { number: 0, time: 0, stage: 0, stream: 0, width: 0 };
  const { width } = detailPlan(state);
  const number = state.log.numbers ? String(Math.max(state.log.window.total, 999)).length + 1 : 0;
  const steps = stepColumn(selectedOperation(state)).width;
  const isTold = width < STAGE_FROM && width >= STEP_FROM && steps > 0;
  const stage = isTold ? steps : width >= STAGE_FROM ? Math.max(steps, stageWidth(state)) : 0;
  const stream = width >= STREAM_FROM ? 6 : 0;
  const time = width < TIME_FROM || isTold ? 0 : stage + stream > 0 ? 10 : 9;
  return { number, time, stage, stream, width: number + time + stage + stream + 1 };
}

/** As wide as the names of the stages, or of the operations of the chain, need. */
function stageWidth(state: State): number {
  const names =
    state.log.links.length > 1
      ? state.log.links.map(({ name }) => name)
      : (selectedOperation(state)?.stages ?? []).slice(0, 50);
  return names.length < 2 ? 0 : columnOf(names);
}

function columnOf(names: readonly string[]): number {
  return Math.min(STAGE_MOST, Math.max(...names.map((name) => widthOf(sanitizeLine(name))))) + 2;
}

/** A new record has a new list, and each line of the log asks for the names. */
const columnOfSteps = perObject((steps: NonNullable<Operation["steps"]>) => {
  const names = Object.values(steps).flatMap((list) => list.map(({ name }) => sanitizeLine(name)));
  return { names, width: names.length === 0 ? 0 : columnOf(names) };
});

/** The names of the steps that the record lists, and the column that these need; 0: there are none. */
export function stepColumn(operation: Operation | null): { names: readonly string[]; width: number } {
  return operation?.steps === undefined ? { names: [], width: 0 } : columnOfSteps(operation.steps);
}

export function logRoom(state: State): LogRoom {
  const copying = state.page?.kind === "copy";
  const plan = detailPlan(state);
  const width = copying ? state.size.columns : plan.width;
  const height = Math.max(0, copying ? state.size.rows - 1 : plan.logHeight - BORDER);
  const textWidth = Math.max(1, width - logColumns(state).width);
  if (!copying && !state.log.wrap) return { width, height, rowsOf: () => 1 };
  const textOf = (line: LogLine) => (copying ? plainText(line) : shownText(line).text);
  return { width, height, rowsOf: (line) => wrapped(textOf(line), textWidth, height).length };
}

/** The text of a line as the program wrote it, without its colours. */
export const plainText = ({ text }: LogLine): string => coloured(text).text;

/** The text of a line as the screen shows it: a JSON object as level, message and values. */
export const shownText = perObject(({ text, stream }: LogLine) =>
  coloured((stream === "liveops" ? null : jsonLine(text)) ?? text),
);

/** A text in rows of this width; a line never takes more than the whole height. */
export function wrapped(text: string, width: number, height: number): string[] {
  if (text.length <= width && widthOf(text) <= width) return [text];
  return hardWrap(text, width, Math.max(1, Math.min(LINE_MOST, height)));
}
