/** The rows of a running or finished operation that its panel is made of. */
import { historyName } from "../../../../protocol/estimate/likeness.js";
import type { ProgressState } from "../../../../protocol/operation.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { elapsedOf } from "../../../describe/duration.js";
import { savedTime, shownParams } from "../../../describe/operation.js";
import { formatAmount, formatBytes, formatDuration, formatRate } from "../../../terminal/format.js";
import { stateGlyph } from "../../../terminal/glyphs.js";
import { oddNotes } from "../../../terminal/stage-note.js";
import { nameOf, nameOfChain, operationOf, shellCommand } from "../../core/chain.js";
import { whyOf } from "../../core/operation/why.js";
import { dependenciesOf, dependencyEnd, placementText } from "../../core/queues/queue-view.js";
import { clock, glyphOf, LEVEL_GLYPHS, LEVEL_STYLES, styleOf } from "../../core/state-style.js";
import { sparkline } from "../../core/time/bars.js";
import { chainElapsed, standsStillFor } from "../../core/time/estimate.js";
import { comparedWithUsual, usualOf } from "../../core/time/history.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import { isToldBySummary, resultRows, summaryOf } from "../../text/outcome.js";
import type { Style } from "../../text/theme.js";
import type { DetailView } from "./view.js";

/** Odd numbers below the verdict. */
const ODD_MOST = 3;

/**
 * `✓ nightly 18.2s — as usual · 600 rows`, odd numbers, and the result. Of the last link, the chain
 * is told.
 */
export function successRows(
  { state, operation, links, width, line }: DetailView,
  room: number,
): Line[] {
  if (operation.state !== "succeeded") return [];
  const told = operation === links.at(-1) ? links : [operation];
  const seconds = told.length > 1 ? chainElapsed(told, state.now) : elapsedOf(operation, state.now);
  const took = seconds ?? 0;
  const compared = comparedWithUsual(state, told, took);
  const saved = savedTime(operation);
  const summary = sanitizeLine(summaryOf(operation));
  const name = told === links ? nameOfChain(links) : operation.title;
  const verdict = line()
    .add(`${glyphOf(operation)} `, styleOf(operation))
    .add(fit(sanitizeLine(name), Math.floor(width / 2)), "bold")
    .add(` ${formatDuration(took)}`, "bold")
    .addWhole(compared === "" ? "" : ` — ${compared}`, "muted")
    .addWhole(saved === "" ? "" : ` · saved ${saved}`, "muted");
  const isFitting = widthOf(summary) + 3 <= verdict.left;
  if (summary !== "" && verdict.left > 6) verdict.add(" · ", "muted").add(summary);
  const odd = oddNotes(operation).slice(0, ODD_MOST);
  const rows = [verdict, ...odd.map((text) => line().addUntrusted(text, "warn"))];
  return !(isFitting && isToldBySummary(operation)) && room > rows.length
    ? [...rows, ...resultRows(operation, width, room - rows.length)]
    : rows;
}

/** Columns of the name of a host, and of the value of a parameter. */
const HOST_MOST = 20;
const VALUE_MOST = 40;

/** Parameters on the left, but those that a failure names; host, time and id on the right. */
export function about({ state, operation, width, line }: DetailView): Line[] {
  const { attempt, host, startedAt, finishedAt, state: is } = operation;
  const at = finishedAt ?? startedAt;
  const facts = [
    ...(host === undefined ? [] : [`on ${fit(sanitizeLine(host), HOST_MOST)}`]),
    ...(attempt > 1 && is !== "failed" ? [`attempt ${attempt}`] : []),
    ...(at === null || width < 60
      ? []
      : [`${finishedAt === null ? "started" : "ended"} ${clock(at)}`]),
    operation.id,
  ].join(" · ");
  const left = new Line(Math.max(0, width - widthOf(facts) - 2));
  const command = shellCommand(operation);
  const changed = new Set(
    whyOf(state, operation)?.changes.map(({ kind, name }) => kind === "parameter" && name),
  );
  const params = Object.entries(shownParams(operation)).filter(([name]) => !changed.has(name));
  if (command !== null) left.add("$ ", "muted").addUntrusted(command);
  for (const [name, value] of command === null ? params : []) {
    if (left.left < 4) break;
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    left
      .add(`${sanitizeLine(name)} `, "muted")
      .addUntrusted(fit(text, VALUE_MOST))
      .add("  ");
  }
  return [line().join(left).right(facts, "muted")];
}

export function placement({ state, operation, line }: DetailView): Line[] {
  const text = placementText(state, operation);
  return text === "" ? [] : [line().add(text, "muted")];
}

/**
 * The row of the stall has the unfinished line of a program that waits for input, and the question
 * has its own rows.
 */
export function status({ operation, line }: DetailView): Line[] {
  const { status: told, waitingForInput, approvals } = operation;
  const prompt = waitingForInput?.prompt.trim() ?? "";
  if (told === null || (prompt !== "" && prompt === told.text.trim())) return [];
  if (approvals?.some(({ answer }) => answer === null) && operation.finishedAt === null) return [];
  const style = LEVEL_STYLES[told.level] ?? "plain";
  return [line().addUntrusted(`${LEVEL_GLYPHS[told.level] ?? "•"} ${told.text}`, style)];
}

/** Columns that an operation's own word for what it counts may take. */
const WORD = 16;

/** Seconds without an event after which the rate is 0. */
const RATE_STANDS = 10;

/** Runs whose times stand side by side. */
const RUNS = 12;

/** `17 MiB/s   1.2 GiB/2.5 GiB   cpu 85%   mem 1.1 GiB   last 9 ▁▂✗▅ median 4m20s` */
export function figures({ state, operation, line: begun }: DetailView): Line[] {
  const line = begun();
  const add = (label: string, text: string, style: Style = "plain") => {
    const gap = line.left === line.width ? "" : "   ";
    if (widthOf(gap + label + text) <= line.left) line.add(gap + label, "muted").add(text, style);
  };
  const { progress, usage, resources: used, finishedAt } = operation;
  if (progress !== null && operation.state === "running") {
    const unit = progress.unit === null ? null : fit(sanitizeLine(progress.unit), WORD);
    const still = standsStillFor(state, operation);
    const rate = still >= RATE_STANDS ? 0 : (progress.rate ?? 0);
    // Steps are few and differ in length.
    if (unit !== "steps") add("", formatRate(rate, unit), still > 0 ? "muted" : "plain");
    add(countsOf(progress, unit), "");
  }
  if (usage != null) {
    add("cpu ", `${Math.round(usage.cpu * 100)}%`);
    add("mem ", formatBytes(usage.rssBytes));
  } else if (used != null && finishedAt !== null) {
    add("cpu ", formatDuration(used.cpuSeconds));
    add("mem ", formatBytes(used.maxRssBytes));
  }
  const history = state.operation.histories.get(historyName(operation));
  const runs = (history?.recent ?? []).slice(0, RUNS).reverse();
  if (runs.length > 1) {
    const bars = sparkline(
      runs.map(({ seconds }) => seconds ?? 0),
      RUNS,
    );
    const texts = runs.map(({ state: is }, i) => (is === "succeeded" ? bars[i] : stateGlyph(is)));
    add(`last ${runs.length} `, texts.join(""));
    const median = usualOf(state, operation)?.seconds?.p50 ?? null;
    if (median !== null) add("median ", formatDuration(median));
  }
  return line.left === line.width ? [] : [line];
}

function countsOf({ done, total, label }: ProgressState, unit: string | null): string {
  const before = label === null ? "" : `${fit(sanitizeLine(label), WORD)} `;
  // `Rows 3/10` says it: no `row` behind that.
  const hasUnit =
    unit !== null && unit !== "%" && before.toLowerCase().includes(unit.toLowerCase());
  return (before + formatAmount(done, total, hasUnit ? null : unit)).trimEnd();
}

/** Columns that the name of a dependency may take. */
const NAME_MOST = 24;

/** `after ✓ build · ● test`: the operations that it starts after, each with its state. */
export function dependencies({ state, operation, line: begun }: DetailView): Line[] {
  const all = dependenciesOf(operation);
  if (all.length === 0) return [];
  const line = begun().add("after", "muted");
  for (const [i, id] of all.entries()) {
    const end = dependencyEnd(state, id);
    const [sign, style] =
      end === null ? (["?", "muted"] as const) : ([glyphOf(end), styleOf(end)] as const);
    const name = end === null ? id : nameOf(state, operationOf(state, id)!);
    line.add(i === 0 ? " " : " · ", "muted").add(`${sign} `, style);
    line.add(fit(sanitizeLine(name), NAME_MOST));
  }
  return [line];
}

/** The last failed action. */
export function actionFailures({
  operation: { actionFailures: failures = [] },
  width,
  line,
}: DetailView): Line[] {
  const last = failures.at(-1);
  if (last === undefined) return [];
  const more = failures.length === 1 ? "" : ` (${failures.length} failures of actions)`;
  const text = `${LEVEL_GLYPHS.warning} action ${last.event} failed: `;
  const room = Math.max(0, width - widthOf(text) - widthOf(more));
  return [line().add(`${text}${fit(sanitizeLine(firstLine(last.message)), room)}${more}`, "warn")];
}
