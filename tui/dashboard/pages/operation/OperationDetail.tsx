/** The selected operation: parameters, chain, one bar with one finish time, stages, figures, outcome. */
import { Box } from "ink";
import type { Operation, ProgressState } from "../../../../protocol/operation.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { elapsedOf } from "../../../describe/duration.js";
import { shownParams } from "../../../describe/operation.js";
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
} from "../../../terminal/format.js";
import { approvalCard } from "../../core/approval-card.js";
import { addSparkline, LEAST_CORES, sparkline } from "../../core/bars.js";
import {
  chainOf,
  isPaused,
  nameOf,
  nameOfChain,
  operationOf,
  selectedOperation,
  shellCommand,
} from "../../core/chain.js";
import { type DetailView, detailPlan, type Part, type PartKind } from "../../core/detail-plan.js";
import { standsStillFor } from "../../core/estimate.js";
import { failureCard } from "../../core/failure-card.js";
import { historyName, runNumber, titleNamed, usualOf } from "../../core/history.js";
import { hostNames } from "../../core/hosts.js";
import { placeText } from "../../core/inside.js";
import { bareOf } from "../../core/key.js";
import { placeIn } from "../../core/lanes.js";
import { panesOf } from "../../core/layout.js";
import type { State } from "../../core/model.js";
import { Panel, Rows, useTheme } from "../../core/Panel.js";
import { dependenciesOf, dependencyEnd, isHeldByQueue, placementText } from "../../core/queue-view.js";
import {
  clock,
  glyphOf,
  LEVEL_GLYPHS,
  LEVEL_STYLES,
  stateWord,
  styleOf,
  styleOfState,
} from "../../core/state-style.js";
import { type StepRow, saidBy } from "../../core/steps.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Drawn, Line, type Piece } from "../../text/line.js";
import { linkResultRows, outcomeRows } from "../../text/outcome.js";
import type { Theme } from "../../text/theme.js";
import { LogView } from "../log/LogView.js";
import { chainBar, stall } from "./chain-bar.js";
import { stepper } from "./stepper.js";
import { waterfall } from "./waterfall.js";

export function OperationDetail({ state }: { state: State }) {
  const theme = useTheme();
  const { detailWidth, detailHeight } = panesOf(state);
  const operation = selectedOperation(state);
  const plan = detailPlan(state);
  if (operation === null)
    return (
      <Panel width={detailWidth} height={detailHeight} title={[]} margin={1}>
        <Rows rows={nothingSelected(state, plan.width, theme)} />
      </Panel>
    );
  const view: DetailView = {
    state,
    operation,
    links: chainOf(state, operation),
    width: plan.width,
    theme,
    line: () => new Line(plan.width, theme.paint),
  };
  const rows = plan.parts.flatMap((part) => ROWS[part.kind](view, part));
  return (
    <Box flexDirection="column" width={detailWidth} height={detailHeight}>
      {plan.height > 0 && (
        <Panel
          width={detailWidth}
          height={plan.height}
          title={titleOf(view)}
          right={[[stateText(state, operation), styleOf(operation)]]}
          active={state.pane === "detail"}
          margin={1}
        >
          <Rows rows={rows} />
        </Panel>
      )}
      <LogView state={state} />
    </Box>
  );
}

const FILTERS = [
  ["nightly", "in name, type or id"],
  ["state:failed,cancelled", "in these states"],
  ["op:backup", "of a type"],
  ["label:nightly", "with such a label"],
  ["queue:gpu", "in a queue"],
  ["-op:shell", "all others"],
] as const;

/** A filter without matches often has the wrong syntax. */
function nothingSelected(state: State, width: number, { paint }: Theme): Drawn[] {
  const { list } = state;
  const line = (text: string) => new Line(width, paint).add(text, "muted");
  if (list.text === "" || list.order.length > 0) return ["", line("No operation selected")];
  const [host] = hostNames(state);
  const ofHost = host === undefined ? [] : [[`host:${sanitizeLine(host)}`, "on a host"] as const];
  const examples = [...FILTERS, ...ofHost].map(([filter, meaning]) =>
    new Line(width, paint).add("  ").add(filter, "accent").fill(27).add(meaning, "muted"),
  );
  return ["", line("A filter has words and conditions:"), "", ...examples];
}

function titleOf({ state, operation, links }: DetailView): Piece[] {
  const around = sanitizeLine(placeText(state, operation));
  const name = sanitizeLine(nameOfChain(links));
  const titles = links.map(({ title }) => sanitizeLine(title));
  // The title of shell is its command once more.
  const same = titles[0] === name || shellCommand(operation) !== null;
  const rest = [same ? "" : titles[0], ...titles.slice(1)].join(" → ").trimStart();
  return [
    [`${glyphOf(operation)} `, styleOf(operation)],
    [name, "bold"],
    ...(rest === "" ? [] : [[` ${rest}`, "muted"] as const]),
    ...(around === "" ? [] : [[` in ${around}`, "muted"] as const]),
  ];
}

function stateText(state: State, operation: Operation): string {
  const word = isHeldByQueue(state, operation) ? "queue paused" : stateWord(operation);
  const seconds = elapsedOf(operation, state.now);
  const runs = operation.state === "running" && !isPaused(operation);
  if (panesOf(state).detailWidth >= 70 || !runs || seconds === null) return word;
  return `${word} ${formatDuration(seconds)}`;
}

const ROWS: Record<PartKind, (view: DetailView, part: Part) => Drawn | readonly Drawn[]> = {
  blank: () => "",
  about,
  approval: ({ state, operation, width, theme }) => approvalCard(state, operation, width, theme.paint),
  stepper,
  bar: chainBar,
  stall,
  placement: ({ state, operation, line }) => line().add(placementText(state, operation), "muted"),
  after: dependencyRow,
  hooks: hookRow,
  status,
  stages: stageRows,
  rate,
  cpu: resources,
  recent: recentRuns,
  failure: ({ state, operation, width, theme }, { height }) =>
    failureCard(state, operation, width, height, theme.paint),
  outcome: ({ operation, width, theme }, { height }) => outcomeRows(operation, width, height, theme.paint),
  results: ({ links, operation, width, theme }, { height }) =>
    linkResultRows(links, operation, width, height, theme.paint),
};

function stageRows(view: DetailView, { lanes, height, steps = null }: Part): Line[] {
  const { state, operation, links, width, theme } = view;
  const titles = new Map(links.map(({ id, title }) => [id, title]));
  for (const { id } of lanes!.lanes) if (!titles.has(id)) titles.set(id, titleNamed(state, id));
  const records = new Map(links.map((link) => [link.id, link]));
  const at = placeIn(lanes!, state.now);
  const rows = steps && {
    ...steps,
    operation,
    now: state.now,
    said: (step: StepRow) => saidBy(state, steps.stage, step),
  };
  const picture = { ...lanes!, records, titles, current: operation.id, at, steps: rows };
  return waterfall(picture, width, height, theme.paint);
}

/** Columns of the name of a host. */
const HOST_MOST = 20;

/** Parameters on the left; run, host, attempt, start and id on the right. */
function about({ state, operation, width, theme, line }: DetailView): Line {
  const run = width < 64 ? null : runNumber(state, operation);
  const facts = [
    ...(run === null || run < 2 ? [] : [`run ${formatCount(run)}`]),
    ...(operation.host === undefined ? [] : [`on ${fit(sanitizeLine(operation.host), HOST_MOST)}`]),
    ...(operation.attempt > 1 ? [`attempt ${operation.attempt}`] : []),
    ...(operation.startedAt === null || width < 60 ? [] : [`started ${clock(operation.startedAt)}`]),
    bareOf(operation.id),
  ].join(" · ");
  const left = new Line(Math.max(0, width - widthOf(facts) - 2), theme.paint);
  const command = shellCommand(operation);
  if (command !== null) left.add("$ ", "muted").addUntrusted(command);
  else
    for (const [name, value] of Object.entries(shownParams(operation))) {
      if (left.left < 4) break;
      const text = typeof value === "string" ? value : JSON.stringify(value);
      left
        .add(`${sanitizeLine(name)} `, "muted")
        .addUntrusted(fit(text ?? "", 40))
        .add("  ");
    }
  return line().join(left).right(facts, "muted");
}

function status({ operation: { status: told }, line }: DetailView): Line {
  if (told === null) return line();
  const style = LEVEL_STYLES[told.level] ?? "plain";
  return line().addUntrusted(`${LEVEL_GLYPHS[told.level] ?? "•"} ${told.text}`, style);
}

const LABEL = 9;

const sparkWidth = (width: number) => Math.max(6, Math.floor(Math.min(width / 4, Math.max(24, width / 5))));

/** Columns that an operation's own word for what it counts may take. */
const WORD = 16;

/** Seconds without an event after which the rate is 0. */
const RATE_STANDS = 10;

/** What the stage counts, and how fast. */
function rate({ state, operation, width, theme, line }: DetailView): Line {
  const { progress } = operation;
  if (progress === null) return line();
  const samples = state.operation.samples.get(operation.id)?.rate ?? [];
  const spark = sparkWidth(width);
  const unit = progress.unit === null ? null : fit(sanitizeLine(progress.unit), WORD);
  const still = standsStillFor(state, operation);
  const now = still >= RATE_STANDS ? 0 : (progress.rate ?? 0);
  const told = samples.filter((value) => !Number.isNaN(value));
  // The newest rate may be newer than the newest sample.
  const peak = told.length > 1 ? `   peak ${formatRate(Math.max(now, ...told), unit)}` : "";
  return addSparkline(line().add("rate", "muted").fill(LABEL), theme, samples, spark)
    .fill(LABEL + spark + 2)
    .add(formatRate(now, unit), still > 0 ? "muted" : "plain")
    .addWhole(`   ${countsOf(progress)}`, "muted")
    .addWhole(peak, "muted");
}

function countsOf({ done, total, label, unit }: ProgressState): string {
  const word = unit === null ? null : fit(sanitizeLine(unit), WORD);
  const before = label === null ? "" : `${fit(sanitizeLine(label), WORD)} `;
  // `Rows 3/10` says it: no `row` behind that.
  const hasUnit = word !== null && word !== "%" && before.toLowerCase().includes(word.toLowerCase());
  return (before + formatAmount(done, total, hasUnit ? null : word)).trimEnd();
}

function resources({ state, operation, width, theme, line: begun }: DetailView): Line {
  const { usage, resources: used } = operation;
  const line = begun().add("cpu", "muted").fill(LABEL);
  if (usage == null && used != null)
    return line
      .add(formatDuration(used.cpuSeconds))
      .add("   mem ", "muted")
      .add(formatBytes(used.maxRssBytes))
      .addWhole(" peak", "muted")
      .addWhole(`   read ${formatBytes(used.readBytes)}`, "muted")
      .addWhole(`   written ${formatBytes(used.writtenBytes)}`, "muted");
  if (usage == null) return line;
  const spark = sparkWidth(width);
  const samples = state.operation.samples.get(operation.id)?.cpu ?? [];
  addSparkline(line, theme, samples, spark, LEAST_CORES).fill(LABEL + spark + 2);
  line.add(`${Math.round(usage.cpu * 100)}%`).fill(LABEL + spark + 2 + 8);
  const memory = formatBytes(usage.rssBytes);
  if (line.left >= 4 + memory.length) line.add("mem ", "muted").add(memory);
  return line.addWhole(`   ${usage.processes} process${usage.processes === 1 ? "" : "es"}`, "muted");
}

/** The newest runs of the type, oldest first, and what they usually take. */
function recentRuns({ state, operation, theme, line: begun }: DetailView): Line {
  const history = state.operation.histories.get(historyName(operation));
  const runs = (history?.recent ?? []).slice(0, 12).reverse();
  const line = begun().add(`last ${runs.length}`, "muted").fill(LABEL);
  const times = runs.map(({ seconds }) => seconds ?? 0);
  const bars = sparkline(times, 12, theme);
  for (const [i, bar] of [...bars].entries()) line.add(bar, styleOfState(runs[i]!.state));
  const median = usualOf(state, operation)?.seconds?.p50 ?? history?.seconds?.p50 ?? null;
  if (median !== null) line.add(`   median ${formatDuration(median)}`);
  const count = (name: string) => runs.filter(({ state: is }) => is === name).length;
  line.add(`${median === null ? "  " : " ·"} ${count("succeeded")} ✓`, "muted");
  if (count("failed") > 0) line.add(` ${count("failed")} ✗`, "bad");
  if (count("cancelled") > 0) line.add(` ${count("cancelled")} ⊘`, "warn");
  return line;
}

/** Columns that the name of a dependency may take. */
const NAME_MOST = 24;

/** `after ✓ build · ● test`: the operations that it starts after, each with its state. */
function dependencyRow({ state, operation, line: begun }: DetailView): Line {
  const all = dependenciesOf(operation);
  const count = (operation.after ?? []).length + (operation.afterAny ?? []).length;
  const line = begun().add("after", "muted");
  for (const [i, id] of all.entries()) {
    const end = dependencyEnd(state, id);
    const name = end === null ? id : sanitizeLine(nameOf(state, operationOf(state, id)!));
    const rest = i < count - 1 ? ` · ${count - i - 1} more` : "";
    const text = fit(name, NAME_MOST);
    if (line.left < widthOf(text) + 3 + widthOf(rest) && i > 0)
      return line.add(` · ${count - i} more`, "muted");
    line.add(i === 0 ? " " : " · ", "muted");
    line.add(end === null ? "? " : `${glyphOf(end)} `, end === null ? "muted" : styleOf(end)).add(text);
  }
  return line.add(count > all.length ? ` · ${count - all.length} more` : "", "muted");
}

function hookRow({ operation: { hookFailures = [] }, width, line }: DetailView): Line {
  const last = hookFailures.at(-1);
  if (last === undefined) return line();
  const more = hookFailures.length === 1 ? "" : ` (${hookFailures.length} failures of hooks)`;
  const text = `${LEVEL_GLYPHS.warning} hook ${last.hook} failed: `;
  const room = Math.max(0, width - widthOf(text) - widthOf(more));
  return line().add(`${text}${fit(sanitizeLine(firstLine(last.message)), room)}${more}`, "warn");
}
