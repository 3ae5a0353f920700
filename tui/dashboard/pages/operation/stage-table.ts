/** The table of the stages: what each took, what it usually takes, its bar and its counts. */
import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import type { StageState } from "../../../../protocol/stage-state.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { formatAmount, formatDuration, formatPercent } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { stagePercent } from "../../../terminal/overall-progress.js";
import { addBar } from "../../core/bars.js";
import type { DetailView, Part } from "../../core/detail-plan.js";
import { stageSeconds, usualSeconds } from "../../core/estimate.js";
import { stageStyle } from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import type { Line } from "../../text/line.js";
import type { Style } from "../../text/theme.js";

const TIME = 8;
const PERCENT = 5;
const NAME_MOST = 20;

/** A row a stage: what it took, what it usually takes, its bar, its counts. */
export function stageTable(
  view: DetailView,
  { stages: shown = { head: false, from: 0, to: 0 } }: Part,
): Line[] {
  const { state, operation, width, line } = view;
  const { stages, untrackedStage } = operation;
  const { head, from, to } = shown;
  const named = untrackedStage === null ? stages : [...stages, untrackedStage];
  const longest = Math.max(5, ...named.map((stage) => widthOf(sanitizeLine(stage))));
  // Names come before bars where there is room for one of them.
  const name = Math.min(NAME_MOST, longest, Math.max(16, Math.floor(width * 0.3)), width - TIME - 8);
  const usuals = width >= 56 && stages.some((stage) => usualSeconds(state, operation, stage) !== null);
  const columns = { name, usuals, bar: barWidth(operation, width - 2 - name - TIME * (usuals ? 2 : 1)) };
  const more = (count: number, word: string) => line().add(`⋮ ${count} ${word}`, "muted");
  const rows = stages.slice(from, to).map((stage, i) => {
    const isCut = to - from > 2;
    if (isCut && i === 0 && from > 0) return more(from + 1, "before");
    if (isCut && from + i === to - 1 && to < stages.length) return more(stages.length - to + 1, "more");
    return stageRow(view, stage, columns);
  });
  if (untrackedStage !== null) rows.push(stageRow(view, untrackedStage, columns, true));
  if (!head) return rows;
  const titles = line()
    .add("  stage", "muted")
    .fill(2 + name)
    .add("took".padStart(TIME), "muted");
  return [titles.add(usuals ? "usual".padStart(TIME) : "", "muted"), ...rows];
}

/** Columns of the bar and of what is counted beside it; 0: there is no room for a bar. */
function barWidth(operation: Operation, left: number): number {
  const room = left - 2 - PERCENT;
  // The widest count, so that the bars keep their width while it grows.
  const counts = operation.state === "running" ? countsOf(operation, true) : "";
  const beside = counts === "" ? 0 : widthOf(counts) + 2;
  const bar = Math.min(Math.max(40, Math.floor(left * 0.55)), room - (room - beside >= 10 ? beside : 0));
  return bar < 6 ? 0 : bar;
}

interface Columns {
  readonly name: number;
  readonly usuals: boolean;
  readonly bar: number;
}

function stageRow(view: DetailView, stage: string, { name, usuals, bar }: Columns, untracked = false): Line {
  const { state, operation } = view;
  const is = untracked ? "active" : getOwn(operation.stageStates, stage);
  const times = untracked ? undefined : getOwn(operation.stageTimes, stage);
  const live = operation.state === "running";
  const style = stageStyle(is);
  const line = view.line().add(`${stageGlyph(is)} `, style);
  const active = is === "active" && live;
  line.add(
    fit(sanitizeLine(stage), name),
    ...(active ? ([style, "bold"] as const) : is === undefined ? (["muted"] as const) : []),
  );
  line.fill(2 + name);
  const seconds = untracked ? null : stageSeconds(operation, stage, state.now);
  const usual = usualSeconds(state, operation, stage);
  const pending = is === undefined && !usuals && usual !== null ? `~${formatDuration(usual)}` : "";
  const took = times?.resumed
    ? "reused"
    : is === "skipped"
      ? "skipped"
      : seconds === null
        ? pending
        : formatDuration(seconds);
  line.add(took.padStart(TIME), is === undefined ? "muted" : "plain");
  if (usuals) line.add((usual === null ? "" : formatDuration(usual)).padStart(TIME), "muted");
  if (operation.state === "queued") return line;
  const why = times?.reason ?? times?.error;
  if (why !== undefined) return line.add("  ").addUntrusted(firstLine(why), noteStyle(is));
  // The bar belongs to the untracked stage while one runs.
  const owns = active && untracked === (operation.untrackedStage !== null);
  const counts = owns ? countsOf(operation) : "";
  const text = formatPercent(operation.percent, operation.progress?.approximate);
  const share = owns && stagePercent(operation) !== null ? ` ${text.padStart(4)}` : "";
  if (bar === 0) return line.add(share, "bold");
  line.add("  ");
  const stopped = is === "failed" || is === "cancelled";
  const percent = is === "done" ? 100 : owns || stopped ? operation.percent : 0;
  addBar(line, bar, percent, style);
  return line.add(share, "bold").addWhole(counts === "" ? "" : `  ${counts}`, "muted");
}

/** An allowed failure needs attention. The reason of a skipped stage does not. */
const noteStyle = (is: StageState | undefined): Style => (is === "allowed-failure" ? "warn" : "muted");

/** Columns that an operation's own word for what it counts may take. */
export const WORD = 16;

/** @param widest the text at the end, when all is done */
function countsOf({ progress }: Operation, widest = false): string {
  if (progress === null) return "";
  const unit = progress.unit === null ? null : fit(sanitizeLine(progress.unit), WORD);
  const label = progress.label === null ? "" : `${fit(sanitizeLine(progress.label), WORD)} `;
  // `Rows 3/10` says it: no `row` behind that.
  const hasUnit = unit !== null && unit !== "%" && label.toLowerCase().includes(unit.toLowerCase());
  const done = widest ? (progress.total ?? progress.done) : progress.done;
  return (label + formatAmount(done, progress.total, hasUnit ? null : unit)).trimEnd();
}
