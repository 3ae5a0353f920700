/** The rows of a running or finished operation that its panel is made of. */
import type { ProgressState } from "../../../../protocol/operation.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { elapsedOf } from "../../../describe/duration.js";
import { savedTime, shownParams } from "../../../describe/operation.js";
import { formatAmount, formatBytes, formatDuration, formatRate } from "../../../terminal/format.js";
import { oddNotes } from "../../../terminal/stage-note.js";
import { addSparkline, LEAST_CORES, sparkline } from "../../core/bars.js";
import { nameOf, nameOfChain, operationOf, shellCommand } from "../../core/chain.js";
import { chainElapsed, standsStillFor } from "../../core/estimate.js";
import { comparedWithUsual, historyName, usualOf } from "../../core/history.js";
import { bareOf } from "../../core/key.js";
import { dependenciesOf, dependencyEnd, placementText } from "../../core/queue-view.js";
import { clock, glyphOf, LEVEL_GLYPHS, LEVEL_STYLES, styleOf, styleOfState } from "../../core/state-style.js";
import { whyOf } from "../../core/why.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import { chainResults, inOneLine, isToldBySummary, resultRows, summaryOf } from "../../text/outcome.js";
import type { DetailView } from "./view.js";

/** Odd numbers below the verdict. */
const ODD_MOST = 3;

/** `✓ nightly 18.2s — as usual · 600 rows`, odd numbers, and the result. Of the last link, the chain is told. */
export function successRows({ state, operation, links, width, line }: DetailView, room: number): Line[] {
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

/** Columns of the title before a result. */
const TITLE_MOST = 24;

/** The results of the other operations of the chain, the newest last. */
export function results({ links, operation, line }: DetailView, room: number): Line[] {
  return chainResults(links, operation)
    .slice(-room)
    .map(({ title, value, text }) =>
      line()
        .add("= ", "good")
        .add(`${fit(sanitizeLine(title), TITLE_MOST)}  `, "muted")
        .addUntrusted(text?.split("\n")[0] ?? inOneLine(value), "muted"),
    );
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
    ...(at === null || width < 60 ? [] : [`${finishedAt === null ? "started" : "ended"} ${clock(at)}`]),
    bareOf(operation.id),
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

/** The row of the stall has the unfinished line of a program that waits for input, and the question has its own rows. */
export function status({ operation, line }: DetailView): Line[] {
  const { status: told, waitingForInput, approvals } = operation;
  const prompt = waitingForInput?.prompt.trim() ?? "";
  if (told === null || (prompt !== "" && prompt === told.text.trim())) return [];
  if (approvals?.some(({ answer }) => answer === null) && operation.finishedAt === null) return [];
  const style = LEVEL_STYLES[told.level] ?? "plain";
  return [line().addUntrusted(`${LEVEL_GLYPHS[told.level] ?? "•"} ${told.text}`, style)];
}

const LABEL = 9;

const sparkWidth = (width: number) => Math.max(6, Math.floor(Math.min(width / 4, Math.max(24, width / 5))));

/** Columns that an operation's own word for what it counts may take. */
const WORD = 16;

/** Seconds without an event after which the rate is 0. */
const RATE_STANDS = 10;

/** What the stage counts, and how fast. */
export function rate({ state, operation, width, line }: DetailView): Line[] {
  const { progress } = operation;
  if (progress === null || operation.state !== "running") return [];
  const samples = state.operation.samples.get(operation.id)?.rate ?? [];
  const spark = sparkWidth(width);
  const unit = progress.unit === null ? null : fit(sanitizeLine(progress.unit), WORD);
  const still = standsStillFor(state, operation);
  const now = still >= RATE_STANDS ? 0 : (progress.rate ?? 0);
  const told = samples.filter((value) => !Number.isNaN(value));
  // The newest rate may be newer than the newest sample.
  const peak = told.length > 1 ? `   peak ${formatRate(Math.max(now, ...told), unit)}` : "";
  return [
    addSparkline(line().add("rate", "muted").fill(LABEL), samples, spark)
      .fill(LABEL + spark + 2)
      .add(formatRate(now, unit), still > 0 ? "muted" : "plain")
      .addWhole(`   ${countsOf(progress, unit)}`, "muted")
      .addWhole(peak, "muted"),
  ];
}

function countsOf({ done, total, label }: ProgressState, unit: string | null): string {
  const before = label === null ? "" : `${fit(sanitizeLine(label), WORD)} `;
  // `Rows 3/10` says it: no `row` behind that.
  const hasUnit = unit !== null && unit !== "%" && before.toLowerCase().includes(unit.toLowerCase());
  return (before + formatAmount(done, total, hasUnit ? null : unit)).trimEnd();
}

export function resources({ state, operation, width, line: begun }: DetailView): Line[] {
  const { usage, resources: used, finishedAt } = operation;
  const line = begun().add("cpu", "muted").fill(LABEL);
  if (usage == null)
    return used == null || finishedAt === null
      ? []
      : [
          line
            .add(formatDuration(used.cpuSeconds))
            .add("   mem ", "muted")
            .add(formatBytes(used.maxRssBytes))
            .addWhole(" peak", "muted")
            .addWhole(`   read ${formatBytes(used.readBytes)}`, "muted")
            .addWhole(`   written ${formatBytes(used.writtenBytes)}`, "muted"),
        ];
  const spark = sparkWidth(width);
  const samples = state.operation.samples.get(operation.id)?.cpu ?? [];
  addSparkline(line, samples, spark, LEAST_CORES).fill(LABEL + spark + 2);
  line.add(`${Math.round(usage.cpu * 100)}%`).fill(LABEL + spark + 2 + 8);
  const memory = formatBytes(usage.rssBytes);
  if (line.left >= 4 + memory.length) line.add("mem ", "muted").add(memory);
  return [line.addWhole(`   ${usage.processes} process${usage.processes === 1 ? "" : "es"}`, "muted")];
}

/** The newest runs of the type, oldest first, and what they usually take. */
export function recentRuns({ state, operation, links, line: begun }: DetailView): Line[] {
  const history = state.operation.histories.get(historyName(operation));
  const runs = (history?.recent ?? []).slice(0, 12).reverse();
  if (runs.length < 2) return [];
  const line = begun().add(`last ${runs.length}`, "muted").fill(LABEL);
  const bars = sparkline(
    runs.map(({ seconds }) => seconds ?? 0),
    12,
  );
  for (const [i, bar] of [...bars].entries()) line.add(bar, styleOfState(runs[i]!.state));
  const median = usualOf(state, operation)?.seconds?.p50 ?? history?.seconds?.p50 ?? null;
  // Of a chain, they are the runs of this link.
  if (links.length > 1) line.add(`   ${fit(sanitizeLine(operation.title), TITLE_MOST)}`, "muted");
  if (median !== null) line.add(`   median ${formatDuration(median)}`);
  line.add(median === null ? "  " : " ·", "muted");
  for (const [is, sign] of [
    ["succeeded", "✓"],
    ["failed", "✗"],
    ["cancelled", "⊘"],
  ] as const) {
    const count = runs.filter(({ state: each }) => each === is).length;
    if (count > 0 || is === "succeeded")
      line.add(` ${count} ${sign}`, is === "succeeded" ? "muted" : styleOfState(is));
  }
  return [line];
}

/** Columns that the name of a dependency may take. */
const NAME_MOST = 24;

/** `after ✓ build · ● test`: the operations that it starts after, each with its state. */
export function dependencies({ state, operation, line: begun }: DetailView): Line[] {
  const all = dependenciesOf(operation);
  if (all.length === 0) return [];
  const count = (operation.after ?? []).length + (operation.afterAny ?? []).length;
  const line = begun().add("after", "muted");
  for (const [i, id] of all.entries()) {
    const end = dependencyEnd(state, id);
    const name = end === null ? id : sanitizeLine(nameOf(state, operationOf(state, id)!));
    const rest = i < count - 1 ? ` · ${count - i - 1} more` : "";
    const text = fit(name, NAME_MOST);
    if (line.left < widthOf(text) + 3 + widthOf(rest) && i > 0)
      return [line.add(` · ${count - i} more`, "muted")];
    line.add(i === 0 ? " " : " · ", "muted");
    line.add(end === null ? "? " : `${glyphOf(end)} `, end === null ? "muted" : styleOf(end)).add(text);
  }
  return [line.add(count > all.length ? ` · ${count - all.length} more` : "", "muted")];
}

/** The last failed hook. The facts have all of them. */
export function hooks({ operation: { hookFailures = [] }, width, line }: DetailView): Line[] {
  const last = hookFailures.at(-1);
  if (last === undefined) return [];
  const more = hookFailures.length === 1 ? "" : ` (${hookFailures.length} failures of hooks)`;
  const text = `${LEVEL_GLYPHS.warning} hook ${last.hook} failed: `;
  const room = Math.max(0, width - widthOf(text) - widthOf(more));
  return [line().add(`${text}${fit(sanitizeLine(firstLine(last.message)), room)}${more}`, "warn")];
}
