/**
 * What the panels of the selected operation hold, and how high each part is. The log keeps its rows: blank rows, long
 * results and a long table of stages give way first. The keys of the log count by the same plan as its view.
 */
import { getOwn } from "../../../protocol/get-own.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import { shownParams } from "../../../protocol/shown-params.js";
import { isFinal } from "../../../protocol/state.js";
import { hardWrap, sanitizeLine, widthOf } from "../text/cells.js";
import { coloured } from "../text/coloured.js";
import { chainResults, outcomeRows } from "../text/outcome.js";
import { unpainted } from "../text/theme.js";
import { stallOf } from "./estimate.js";
import { usualSuccessors } from "./history.js";
import { historyName } from "./history-name.js";
import { BORDER, panesOf } from "./layout.js";
import type { RowsOf } from "./log-place.js";
import { chainOf, type State, selectedOperation } from "./model.js";
import { placementText } from "./placement.js";
import { dependenciesOf } from "./queue-view.js";

export type Part =
  | { kind: "about" | "breadcrumb" | "bar" | "rate" | "cpu" | "recent" | "status" | "stall" | "blank" }
  | { kind: "placement" | "after" | "hooks" }
  | {
      kind: "stages";
      head: boolean;
      from: number;
      to: number /** Row of an untracked stage. */;
      extra: number;
    }
  | { kind: "outcome" | "results"; height: number };

export interface DetailPlan {
  readonly parts: readonly Part[];
  /** Columns inside the panels. */
  readonly width: number;
  /** Outer height of the panel of the operation; 0: only the log is shown. */
  readonly height: number;
  /** Outer height of the panel of the log. */
  readonly logHeight: number;
}

/** Rows of the log panel: as a share of the pane, and at least. */
const LOG_SHARE = 0.3;
const LOG_LEAST = 5;
const OUTCOME_MOST = 12;
/** Rows of the operation below which a row with its identifier only is too much. */
const SMALL = 8;

export function heightOf(part: Part): number {
  if (part.kind === "outcome" || part.kind === "results") return part.height;
  return part.kind === "stages" ? part.to - part.from + part.extra + (part.head ? 1 : 0) : 1;
}

const known = new WeakMap<State, DetailPlan>();

export function detailPlan(state: State): DetailPlan {
  let plan = known.get(state);
  if (plan === undefined) {
    plan = makePlan(state);
    known.set(state, plan);
  }
  return plan;
}

function makePlan(state: State): DetailPlan {
  const panes = panesOf(state);
  // A margin of one column on each side.
  const width = Math.max(1, panes.detailWidth - BORDER - 2);
  const operation = selectedOperation(state);
  if (operation === null || state.logView.full)
    return { parts: [], width, height: 0, logHeight: panes.detailHeight };
  const roomy = panes.detailHeight >= 20;
  const least = Math.max(LOG_LEAST, Math.floor(panes.detailHeight * LOG_SHARE));
  const budget = Math.max(2, panes.detailHeight - least - BORDER);
  const groups = groupsOf(state, operation, width, budget, roomy);
  const parts = spaced(groups, budget);
  const height = parts.reduce((sum, part) => sum + heightOf(part), 0) + BORDER;
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
  const head: Part[] = budget < SMALL && isBare ? [] : [{ kind: "about" }];
  const whole: Part[] = [
    ...(isChain ? [{ kind: "breadcrumb" } as const] : []),
    { kind: "bar" },
    ...(stallOf(state, operation) === null ? [] : [{ kind: "stall" } as const]),
    ...(operation.status === null ? [] : [{ kind: "status" } as const]),
    ...(placementText(state, operation) !== "" ? [{ kind: "placement" } as const] : []),
    ...(dependenciesOf(operation).length > 0 ? [{ kind: "after" } as const] : []),
    ...((operation.hookFailures ?? []).length > 0 ? [{ kind: "hooks" } as const] : []),
  ];
  const figures: Part[] = [];
  if (running && operation.progress?.rate != null) figures.push({ kind: "rate" });
  if (operation.usage != null || (isFinal(operation.state) && operation.resources != null))
    figures.push({ kind: "cpu" });
  if ((state.histories.get(historyName(operation))?.recent?.length ?? 0) > 1 && roomy)
    figures.push({ kind: "recent" });
  let left = budget - head.length - whole.length;
  const outcome = outcomeRows(operation, width, Math.min(OUTCOME_MOST, Math.max(0, left)), unpainted).length;
  left -= outcome;
  const some = figures.slice(0, Math.max(0, Math.min(figures.length, roomy ? left : Math.min(1, left))));
  left -= some.length;
  const stages = stagesOf(operation, left, roomy);
  const used = stages.reduce((sum, part) => sum + heightOf(part), 0);
  const results = Math.min(chainResults(links, operation).length, Math.max(0, left - used - 2));
  return [
    head,
    whole,
    outcome > 0 ? [{ kind: "outcome", height: outcome }] : [],
    stages,
    some,
    results > 0 ? [{ kind: "results", height: results }] : [],
  ];
}

/** The stages there is room for, with the current one about in their middle. */
function stagesOf(
  { stages, currentStage, stageStates, untrackedStage }: Operation,
  free: number,
  roomy: boolean,
): Part[] {
  // An untracked stage has a row of its own below the others.
  const extra = untrackedStage === null ? 0 : 1;
  const room = free - extra;
  if ((stages.length === 0 && extra === 0) || room < 0) return [];
  if (room < 1) return [{ kind: "stages", head: false, from: 0, to: 0, extra }];
  const head = roomy && room > Math.min(stages.length, 3) + 3;
  const count = Math.min(stages.length, Math.max(1, room - (head ? 2 : 0)));
  const active = stages.findIndex((stage) => getOwn(stageStates, stage) === "active");
  const at = active === -1 ? Math.max(0, currentStage) : active;
  const from = Math.max(0, Math.min(stages.length - count, at - Math.floor(count / 2)));
  return [{ kind: "stages", head, from, to: from + count, extra }];
}

/** The groups one below the other, with blank rows between them as far as the budget goes. */
function spaced(groups: Part[][], budget: number): Part[] {
  const shown = groups.filter((group) => group.length > 0);
  const used = shown.flat().reduce((sum, part) => sum + heightOf(part), 0);
  let spare = budget - used;
  const parts: Part[] = [];
  shown.forEach((group, i) => {
    if (i > 0 && spare-- > 0) parts.push({ kind: "blank" });
    parts.push(...group);
  });
  return parts;
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
  const number = state.logView.numbers ? String(Math.max(state.log.total, 999)).length + 1 : 0;
  const stage = width >= STAGE_FROM ? stageWidth(state) : 0;
  const stream = width >= STREAM_FROM ? 6 : 0;
  const time = width < TIME_FROM ? 0 : stage + stream > 0 ? 10 : 9;
  return { number, time, stage, stream, width: number + time + stage + stream + 1 };
}

/** As wide as the names of the stages, or of the operations of the chain, need. */
function stageWidth(state: State): number {
  const names =
    state.logLinks.length > 1
      ? state.logLinks.map(({ name }) => name)
      : (selectedOperation(state)?.stages ?? []).slice(0, 50);
  if (names.length < 2) return 0;
  return Math.min(STAGE_MOST, Math.max(...names.map((name) => widthOf(sanitizeLine(name))))) + 2;
}

export function logRoom(state: State): LogRoom {
  const copying = state.page?.kind === "copy";
  const plan = detailPlan(state);
  const width = copying ? state.size.columns : plan.width;
  const height = Math.max(0, copying ? state.size.rows - 1 : plan.logHeight - BORDER);
  const textWidth = Math.max(1, width - logColumns(state).width);
  if (!copying && !state.logView.wrap) return { width, height, rowsOf: () => 1 };
  return { width, height, rowsOf: (line: LogLine) => wrapped(line, textWidth, height).length };
}

/** The text of a line without its colours. */
export const plainText = ({ text }: LogLine): string => coloured(text).text;

/** The text of a line in rows of this width; a line never takes more than the whole height. */
export function wrapped(line: LogLine, width: number, height: number): string[] {
  const text = plainText(line);
  if (text.length <= width && widthOf(text) <= width) return [text];
  return hardWrap(text, width, Math.max(1, Math.min(LINE_MOST, height)));
}
