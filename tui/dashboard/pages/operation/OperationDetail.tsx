/** The selected operation: parameters, chain, one bar with one finish time, stages, figures, outcome. */
import { Box } from "ink";
import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import type { StageState } from "../../../../protocol/stage-state.js";
import { isFinal } from "../../../../protocol/state.js";
import { DEFAULT_QUEUE } from "../../../../protocol/submit-fields.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { elapsedOf } from "../../../describe/duration.js";
import { shownParams } from "../../../describe/params.js";
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatEta,
  formatOverall,
  formatPercent,
  formatRate,
} from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { stagePercent } from "../../../terminal/overall-progress.js";
import {
  addBar,
  addProgress,
  addSparkline,
  addWandering,
  isIndeterminate,
  LEAST_CORES,
  motionTime,
  sparkline,
} from "../../core/bars.js";
import { detailPlan, type Part, type PartKind } from "../../core/detail-plan.js";
import {
  chainElapsed,
  chainProgress,
  chainSecondsLeft,
  isOverdue,
  secondsLeft,
  stageSeconds,
  stallOf,
  usualSeconds,
} from "../../core/estimate.js";
import { historyName, runNumber, usualOf, usualSuccessors } from "../../core/history.js";
import { bareOf } from "../../core/host-key.js";
import { hostNames } from "../../core/host-view.js";
import { panesOf } from "../../core/layout.js";
import {
  chainOf,
  isPaused,
  nameOfChain,
  type State,
  selectedOperation,
  shellCommand,
} from "../../core/model.js";
import { Panel, type Piece, Rows, useTheme } from "../../core/Panel.js";
import { isHeldByQueue, type Wait, waitOf } from "../../core/queue-view.js";
import {
  clock,
  glyphOf,
  LEVEL_GLYPHS,
  LEVEL_STYLES,
  stageStyle,
  stateWord,
  styleOf,
  styleOfState,
} from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Drawn, Line } from "../../text/line.js";
import { linkResultRows, outcomeRows } from "../../text/outcome.js";
import type { Style, Theme } from "../../text/theme.js";
import { LogView } from "../log/LogView.js";
import { breadcrumb } from "./ChainBreadcrumb.js";
import { dependencyRow, hookRow, placementRow } from "./queue-rows.js";

/** @param spin whether an operation without a known share has a spinner */
export function OperationDetail({ state, spin = false }: { state: State; spin?: boolean }) {
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
  const view: View = {
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
          // A bar that moves shows already that the operation runs.
          spin={spin && isIndeterminate(operation) && !isPaused(operation)}
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
  const { listing, order } = state;
  const line = (text: string) => new Line(width, paint).add(text, "muted");
  if (listing.text === "" || order.length > 0) return ["", line("No operation selected")];
  const [host] = hostNames(state);
  const ofHost = host === undefined ? [] : [[`host:${sanitizeLine(host)}`, "on a host"] as const];
  const examples = [...FILTERS, ...ofHost].map(([filter, meaning]) =>
    new Line(width, paint).add("  ").add(filter, "accent").fill(27).add(meaning, "muted"),
  );
  return ["", line("A filter has words and conditions:"), "", ...examples];
}

/** The input of the parts. */
interface View {
  readonly state: State;
  readonly operation: Operation;
  /** Of the chain. */
  readonly links: readonly Operation[];
  readonly width: number;
  readonly theme: Theme;
  readonly line: () => Line;
}

function titleOf({ operation, links }: View): Piece[] {
  const name = sanitizeLine(nameOfChain(links));
  const titles = links.map(({ title }) => sanitizeLine(title));
  // The title of shell is its command once more.
  const same = titles[0] === name || shellCommand(operation) !== null;
  const rest = titles.length > 1 ? titles.join(" → ") : same ? "" : (titles[0] ?? "");
  return [
    [`${glyphOf(operation)} `, styleOf(operation)],
    [name, "bold"],
    ...(rest === "" ? [] : [[` ${rest}`, "muted"] as const]),
  ];
}

function stateText(state: State, operation: Operation): string {
  const word = isHeldByQueue(state, operation) ? "queue paused" : stateWord(operation);
  const seconds = elapsedOf(operation, state.now);
  if (panesOf(state).detailWidth >= 70 || operation.state !== "running" || seconds === null) return word;
  return `${word} ${formatDuration(seconds)}`;
}

const ROWS: Record<PartKind, (view: View, part: Part) => Drawn | readonly Drawn[]> = {
  blank: () => "",
  about,
  breadcrumb: ({ state, operation, width, theme }) => breadcrumb(state, operation, width, theme),
  bar: chainBar,
  stall,
  placement: ({ state, operation, width, theme }) => placementRow(state, operation, width, theme.paint),
  after: ({ state, operation, width, theme }) => dependencyRow(state, operation, width, theme.paint),
  hooks: ({ operation, width, theme }) => hookRow(operation, width, theme.paint),
  status,
  stages: stageTable,
  rate,
  cpu: resources,
  recent: recentRuns,
  outcome: ({ operation, width, theme }, { height }) => outcomeRows(operation, width, height, theme.paint),
  results: ({ links, operation, width, theme }, { height }) =>
    linkResultRows(links, operation, width, height, theme.paint),
};

/** Columns of the name of a host. */
const HOST_MOST = 20;

/** Parameters on the left; run, host, attempt, start and id on the right. */
function about({ state, operation, width, theme, line }: View): Line {
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

/** One bar for the chain, with its percent and the time at which it is done; of a finished one, the time it took. */
function chainBar({ state, operation, links, width, line }: View): Line {
  if (operation.state === "queued") return line().add(waitText(state, operation), "muted");
  const running = operation.state === "running";
  const progress = chainProgress(state, operation, running ? usualSuccessors(state, links.at(-1)!) : []);
  const percent = ` ${formatOverall(progress)}`;
  const least = 12;
  const all = running ? leftText(state, operation) : tookText(state, operation, links);
  // The last parts of the text are omitted if they do not fit beside the bar.
  const parts = all.split(" · ");
  const cut = parts.map((_, i) => parts.slice(0, parts.length - i).join(" · "));
  const text = cut.find((some) => widthOf(some) + widthOf(percent) + 2 <= width - least) ?? parts[0]!;
  const columns = widthOf(text) + widthOf(percent) + 3;
  const bar = Math.max(
    Math.min(least, width),
    Math.min(Math.max(60, Math.floor(width * 0.6)), width - columns),
  );
  if (isFinal(operation.state) && operation.state !== "succeeded" && stagePercent(operation) === null)
    return line().add(text, "muted");
  return addProgress(
    line(),
    bar,
    running ? progress : { ...progress, known: true },
    motionTime(operation, state.now),
    styleOf(operation),
  )
    .add(percent, "bold")
    .add("  ")
    .add(text, "muted");
}

/** `13s left · done ≈ 10:04:28` */
function leftText(state: State, operation: Operation): string {
  const seconds = elapsedOf(operation, state.now);
  if (isPaused(operation)) return pausedText(state, operation);
  if (isOverdue(state, operation)) return `longer than usual · ${formatDuration(seconds ?? 0)}`;
  const left = chainSecondsLeft(state, operation) ?? secondsLeft(state, operation);
  const own = state.forecast?.operations[operation.id]?.endsAt ?? null;
  const until = left ?? (own === null ? null : Math.max(0, (Date.parse(own) - state.now) / 1000));
  if (until === null) return seconds === null ? "" : `running for ${formatDuration(seconds)}`;
  return `${formatEta(until)} left · done ≈ ${clock(state.now + until * 1000)}`;
}

/** `paused for 5m · 13s left` */
function pausedText(state: State, operation: Operation): string {
  const since = Math.max(0, Math.floor((state.now - Date.parse(operation.pause!.since!)) / 1000));
  const left = chainSecondsLeft(state, operation) ?? secondsLeft(state, operation);
  return `paused for ${formatDuration(since)}${left === null ? "" : ` · ${formatEta(left)} left`}`;
}

function tookText(state: State, operation: Operation, links: readonly Operation[]): string {
  const seconds = links.length > 1 ? chainElapsed(links, state.now) : elapsedOf(operation, state.now);
  if (seconds === null) return "not started";
  const usual = links.length > 1 ? null : (usualOf(state, operation)?.seconds?.p50 ?? null);
  const compared = usual === null ? "" : ` · usually ${formatDuration(usual)}`;
  const ended = operation.finishedAt === null ? "" : ` · ended ${clock(operation.finishedAt)}`;
  return `took ${formatDuration(seconds)}${compared}${ended}`;
}

/** When a queued operation starts. */
function waitText(state: State, operation: Operation): string {
  if (operation.retryAt != null) {
    const seconds = (Date.parse(operation.retryAt) - state.now) / 1000;
    if (seconds > 0) return `next attempt in ${formatEta(seconds)}`;
  }
  const { startsAt = null, endsAt = null } = state.forecast?.operations[operation.id] ?? {};
  const usual = usualOf(state, operation)?.seconds?.p50 ?? null;
  const wait = waitOf(state, operation);
  const { queue, queuePosition } = operation;
  const name = queue === DEFAULT_QUEUE ? "the queue" : `queue ${sanitizeLine(queue)}`;
  const place = queuePosition === null ? "queued" : `number ${queuePosition} in ${name}`;
  const parts = [
    wait === null || wait.why === "paused queue" ? place : waitedFor(state, operation, wait),
    ...(wait?.why === "paused queue" ? [`${wait.long}: p resumes it`] : []),
    ...(startsAt === null ? [] : [`starts ≈ ${clock(startsAt)}`]),
    ...(endsAt === null ? [] : [`done ≈ ${clock(endsAt)}`]),
    ...(usual === null ? [] : [`usually takes ${formatDuration(usual)}`]),
  ];
  return parts.join(" · ");
}

function waitedFor(state: State, { notBefore }: Operation, { why, long }: Wait): string {
  if (why === "operations") return `starts ${sanitizeLine(long)}`;
  return `starts ${long}, in ${formatEta((Date.parse(notBefore!) - state.now) / 1000)}`;
}

function stall({ state, operation, line }: View): Line {
  const stalled = stallOf(state, operation);
  if (stalled === null) return line();
  const { seconds, why } = stalled;
  const time = formatDuration(seconds);
  if (typeof why === "number")
    return line()
      .add(`▲ no progress for ${time}`, "warn")
      .addWhole(`, usually ${formatDuration(why)} at most`, "muted");
  const texts = {
    stopped: `worker stopped (SIGSTOP) for ${time}`,
    input: `waiting for input for ${time}`,
    host:
      state.silentFor === null
        ? `host ${sanitizeLine(operation.host ?? "")} unreachable for ${time}`
        : `${sanitizeLine(operation.host ?? "")}: no answer for ${time}`,
    "no room": `waiting for disk space for ${time}`,
    blocked: `blocked for ${time}: ${sanitizeLine(operation.blocked?.reason ?? "")}`,
  };
  const prompt = why === "input" ? (operation.waitingForInput?.prompt ?? "") : "";
  return line()
    .add(`▲ ${texts[why]}`, "warn")
    .addUntrusted(prompt === "" ? "" : `: ${prompt}`);
}

function status({ operation: { status: told }, line }: View): Line {
  if (told === null) return line();
  const style = LEVEL_STYLES[told.level] ?? "plain";
  return line().addUntrusted(`${LEVEL_GLYPHS[told.level] ?? "•"} ${told.text}`, style);
}

const TIME = 8;
const PERCENT = 5;
const NAME_MOST = 20;

/** A row a stage: what it took, what it usually takes, its bar, its counts. */
function stageTable(view: View, { stages: shown = { head: false, from: 0, to: 0 } }: Part): Line[] {
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

function stageRow(view: View, stage: string, { name, usuals, bar }: Columns, untracked = false): Line {
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
  const share = owns && !isIndeterminate(operation) ? ` ${text.padStart(4)}` : "";
  if (bar === 0) return line.add(share, "bold");
  line.add("  ");
  if (active && isIndeterminate(operation)) addWandering(line, bar, motionTime(operation, state.now), style);
  else {
    const stopped = is === "failed" || is === "cancelled";
    const percent = is === "done" ? 100 : owns || stopped ? operation.percent : 0;
    addBar(line, bar, percent, style);
  }
  return line.add(share, "bold").addWhole(counts === "" ? "" : `  ${counts}`, "muted");
}

/** An allowed failure needs attention. The reason of a skipped stage does not. */
const noteStyle = (is: StageState | undefined): Style => (is === "allowed-failure" ? "warn" : "muted");

/** Columns that an operation's own word for what it counts may take. */
const WORD = 16;

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

const LABEL = 9;

const sparkWidth = (width: number) => Math.max(6, Math.floor(Math.min(width / 4, Math.max(24, width / 5))));

function rate({ state, operation, width, theme, line }: View): Line {
  const samples = state.samples.get(operation.id)?.rate ?? [];
  const spark = sparkWidth(width);
  const unit = operation.progress?.unit == null ? null : fit(sanitizeLine(operation.progress.unit), WORD);
  const now = operation.progress?.rate ?? 0;
  // The newest rate may be newer than the newest sample.
  const peak = samples.length > 1 ? `   peak ${formatRate(Math.max(now, ...samples), unit)}` : "";
  return addSparkline(line().add("rate", "muted").fill(LABEL), theme, samples, spark)
    .fill(LABEL + spark + 2)
    .add(formatRate(now, unit))
    .addWhole(peak, "muted");
}

function resources({ state, operation, width, theme, line: begun }: View): Line {
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
  const samples = state.samples.get(operation.id)?.cpu ?? [];
  addSparkline(line, theme, samples, spark, LEAST_CORES).fill(LABEL + spark + 2);
  line.add(`${Math.round(usage.cpu * 100)}%`).fill(LABEL + spark + 2 + 8);
  const memory = formatBytes(usage.rssBytes);
  if (line.left >= 4 + memory.length) line.add("mem ", "muted").add(memory);
  return line.addWhole(`   ${usage.processes} process${usage.processes === 1 ? "" : "es"}`, "muted");
}

/** The newest runs of the type, oldest first, and what they usually take. */
function recentRuns({ state, operation, theme, line: begun }: View): Line {
  const history = state.histories.get(historyName(operation));
  const runs = (history?.recent ?? []).slice(0, 12).reverse();
  const line = begun().add(`last ${runs.length}`, "muted").fill(LABEL);
  const times = runs.map(({ seconds }) => seconds ?? 0);
  const bars = sparkline(times, 12, theme);
  for (const [i, bar] of [...bars].entries()) line.add(bar, styleOfState(runs[i]!.state));
  const median = history?.usual?.seconds?.p50 ?? history?.seconds?.p50 ?? null;
  if (median !== null) line.add(`   median ${formatDuration(median)}`);
  const count = (name: string) => runs.filter(({ state: is }) => is === name).length;
  line.add(`${median === null ? "  " : " ·"} ${count("succeeded")} ✓`, "muted");
  if (count("failed") > 0) line.add(` ${count("failed")} ✗`, "bad");
  if (count("cancelled") > 0) line.add(` ${count("cancelled")} ⊘`, "warn");
  return line;
}
