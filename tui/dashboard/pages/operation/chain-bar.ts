/** The bar of the chain with its time, and the row of a stall. */

import { type OverallProgress, stagePercent } from "../../../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { DEFAULT_QUEUE } from "../../../../protocol/submit-fields.js";
import { elapsedOf } from "../../../describe/duration.js";
import { savedTime } from "../../../describe/operation.js";
import { formatDuration, formatOverall } from "../../../terminal/format.js";
import { formatLeft, formatMargin, groundOf, longLeft } from "../../../terminal/time-left.js";
import { addBar } from "../../core/bars.js";
import { isPaused } from "../../core/chain.js";
import { chainTime, usualMost } from "../../core/chain-time.js";
import { chainElapsed, chainProgress, stallOf } from "../../core/estimate.js";
import { earlierRuns, usualNamed, usualOf, usualSuccessors } from "../../core/history.js";
import type { State } from "../../core/model.js";
import { forecastOf, type Wait, waitOf } from "../../core/queue-view.js";
import { clock, styleOf } from "../../core/state-style.js";
import { sanitizeLine, widthOf } from "../../text/cells.js";
import type { Line } from "../../text/line.js";
import type { Style } from "../../text/theme.js";
import type { DetailView } from "./view.js";

/** One bar for the chain, with its percent and the time at which it is done; of a finished one, the time it took. */
export function chainBar({ state, operation, links, width, line }: DetailView): Line {
  if (operation.state === "queued") return line().add(waitText(state, operation), "muted");
  const running = operation.state === "running";
  const progress = chainProgress(state, operation, running ? usualSuccessors(state, links.at(-1)!) : []);
  const percent = ` ${formatOverall(progress)}`;
  const least = 12;
  const all = running ? leftText(state, operation) : tookText(state, operation, links);
  // The last parts of the text are omitted if they do not fit beside the bar.
  const pace = running ? paceOf(state, operation, links) : null;
  const parts = [...all.split(/(?= · | ±)/), ...comparedText(pace, progress).map((text) => ` · ${text}`)];
  const cut = parts.map((_, i) => parts.slice(0, parts.length - i).join(""));
  const text = cut.find((some) => widthOf(some) + widthOf(percent) + 2 <= width - least) ?? parts[0]!;
  const columns = widthOf(text) + widthOf(percent) + 3;
  const bar = Math.max(
    Math.min(least, width),
    Math.min(Math.max(60, Math.floor(width * 0.6)), width - columns),
  );
  if (isFinal(operation.state) && operation.state !== "succeeded" && stagePercent(operation) === null)
    return line().add(text, "muted");
  return addBar(line(), bar, progress.percent, styleOf(operation), pace && (pace.ran / pace.usual) * 100)
    .add(percent, "bold")
    .add("  ")
    .add(...lateness(text))
    .add(text.slice(lateness(text)[0].length), "muted");
}

interface PaceOfMedian {
  /** Seconds so far, and those that the median run takes for all. */
  readonly ran: number;
  readonly usual: number;
}

/** Null: the duration of a part of the chain is not known. */
function paceOf(state: State, operation: Operation, links: readonly Operation[]): PaceOfMedian | null {
  const known = [
    ...links.map((link) => usualOf(state, link)),
    ...usualSuccessors(state, links.at(-1)!).map((name) => usualNamed(state, name)),
  ].map((usual) => usual?.seconds?.p50 ?? null);
  const ran = links.length > 1 ? chainElapsed(links, state.now) : elapsedOf(operation, state.now);
  if (ran === null || known.includes(null)) return null;
  const usual = known.reduce((sum: number, seconds) => sum + seconds!, 0);
  return usual === 0 ? null : { ran: Math.min(ran, usual), usual };
}

/** Seconds, and part of the whole, below which the difference tells nothing. */
const ALIKE_SECONDS = 2;
const ALIKE_PART = 0.05;

/** `3s ahead of the median`, where the share is known. */
function comparedText(pace: PaceOfMedian | null, { percent, known }: OverallProgress): string[] {
  if (pace === null || !known || pace.ran === pace.usual) return [];
  const ahead = (percent / 100) * pace.usual - pace.ran;
  const size = Math.abs(ahead);
  if (size < Math.max(ALIKE_SECONDS, pace.usual * ALIKE_PART)) return [];
  return [`${formatDuration(Math.round(size))} ${ahead > 0 ? "ahead of" : "behind"} the median`];
}

const LATE = /^later than (?:expected|usual(?:, p90 [^ ]+)?)/;

/** The part of the text that is a warning. */
const lateness = (text: string): [late: string, style: Style] => [LATE.exec(text)?.[0] ?? "", "warn"];

/** `13s left · done ≈ 10:04:28 ±2s · 11 runs` */
function leftText(state: State, operation: Operation): string {
  const time = chainTime(state, operation);
  const earlier = earlierRuns(state, operation);
  if (isPaused(operation)) return [pausedText(state, operation), longLeft(time)].filter(Boolean).join(" · ");
  const then = time.isLeast && time.unknown.length > 0 ? [`then ${listed(time.unknown)}`] : [];
  const seconds = elapsedOf(operation, state.now);
  const ran = seconds === null ? "" : `running for ${formatDuration(seconds)}`;
  if (time.isLate) {
    const most = usualMost(state, operation);
    const late = most === null ? "later than usual" : `later than usual, p90 ${formatDuration(most)}`;
    return [late, ...(time.seconds === null ? [ran] : [longLeft(time), ...then])].filter(Boolean).join(" · ");
  }
  if (time.seconds === null)
    return [ran, time.isKnown ? noEstimate(earlier) : longLeft(time)].filter(Boolean).join(" · ");
  const done = `done ≈ ${clock(state.now + time.seconds * 1000)}${formatMargin(time.margin)}`;
  const parts = [
    ...(time.isLater ? ["later than expected"] : []),
    longLeft(time),
    ...(time.isLeast ? then : [done]),
    groundOf(time.runs, earlier, time.isOther),
  ];
  return parts.filter(Boolean).join(" · ");
}

const listed = (titles: readonly string[]): string =>
  titles.length <= 2 ? titles.map(sanitizeLine).join(", ") : `${titles.length} more`;

/** Why there is no estimate, as far as earlier runs tell. */
function noEstimate(earlier: number | null): string {
  if (earlier === null) return "";
  return earlier === 0 ? "first run: no estimate" : "earlier runs differ";
}

function pausedText(state: State, operation: Operation): string {
  const since = Math.max(0, Math.floor((state.now - Date.parse(operation.pause!.since!)) / 1000));
  return `paused for ${formatDuration(since)}`;
}

function tookText(state: State, operation: Operation, links: readonly Operation[]): string {
  const seconds = links.length > 1 ? chainElapsed(links, state.now) : elapsedOf(operation, state.now);
  if (seconds === null) return "not started";
  const usual = links.length > 1 ? null : (usualOf(state, operation)?.seconds?.p50 ?? null);
  const compared = usual === null ? "" : ` · usually ${formatDuration(usual)}`;
  const time = links.length > 1 ? "" : savedTime(operation);
  const saved = time === "" ? "" : ` · saved ${time}`;
  const ended = operation.finishedAt === null ? "" : ` · ended ${clock(operation.finishedAt)}`;
  return `took ${formatDuration(seconds)}${saved}${compared}${ended}`;
}

/** When a queued operation starts. */
function waitText(state: State, operation: Operation): string {
  if (operation.retryAt != null) {
    const seconds = (Date.parse(operation.retryAt) - state.now) / 1000;
    if (seconds > 0) return `next attempt in ${formatLeft(seconds)}`;
  }
  const { startsAt = null, endsAt = null } = forecastOf(state, operation) ?? {};
  const usual = usualOf(state, operation)?.seconds?.p50 ?? null;
  const wait = waitOf(state, operation);
  const { queue, queuePosition } = operation;
  const name = queue === DEFAULT_QUEUE ? "the queue" : `queue ${sanitizeLine(queue)}`;
  const place = queuePosition === null ? "queued" : `number ${queuePosition} in ${name}`;
  const parts = [
    wait === null || wait.why === "paused queue" ? place : waitedFor(state, wait),
    ...(wait?.why === "paused queue" ? [`${wait.long}: p resumes it`] : []),
    ...(startsAt === null ? [] : [`starts ≈ ${clock(startsAt)}`]),
    ...(endsAt === null ? [] : [`done ≈ ${clock(endsAt)}`]),
    ...(usual === null ? [] : [`usually takes ${formatDuration(usual)}`]),
  ];
  return parts.join(" · ");
}

function waitedFor(state: State, wait: Wait): string {
  if (wait.why !== "time") return `starts ${sanitizeLine(wait.long)}`;
  return `starts ${wait.long}, in ${formatLeft((wait.until - state.now) / 1000)}`;
}

export function stall({ state, operation, line }: DetailView): Line[] {
  const stalled = stallOf(state, operation);
  if (stalled === null) return [];
  const { seconds, why } = stalled;
  const time = formatDuration(seconds);
  if (typeof why === "number")
    return [
      line()
        .add(`▲ no progress for ${time}`, "warn")
        .addWhole(`, usually ${formatDuration(why)} at most`, "muted"),
    ];
  const texts = {
    stopped: `worker stopped (SIGSTOP) for ${time}`,
    input: `waiting for input for ${time}`,
    host:
      state.hosts.silentFor === null
        ? `host ${sanitizeLine(operation.host ?? "")} unreachable for ${time}`
        : `${sanitizeLine(operation.host ?? "")}: no answer for ${time}`,
    "no room": `waiting for disk space for ${time}`,
    blocked: `blocked for ${time}: ${sanitizeLine(operation.blocked?.reason ?? "")}`,
  };
  const prompt = why === "input" ? (operation.waitingForInput?.prompt ?? "") : "";
  return [
    line()
      .add(`▲ ${texts[why]}`, "warn")
      .addUntrusted(prompt === "" ? "" : `: ${prompt}`),
  ];
}
