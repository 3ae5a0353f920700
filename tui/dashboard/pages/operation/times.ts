/** What is told of the time of an operation and its chain, and the row of a stall. */

import { waitsForApproval } from "../../../../protocol/approval.js";
import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { DEFAULT_QUEUE } from "../../../../protocol/submit-fields.js";
import { formatDuration, formatOverall } from "../../../terminal/format.js";
import { formatLeft, formatMargin, groundOf, longLeft } from "../../../terminal/time-left.js";
import { isPaused } from "../../core/chain.js";
import type { State } from "../../core/model.js";
import { forecastOf, type Wait, waitOf } from "../../core/queues/queue-view.js";
import { clock } from "../../core/state-style.js";
import { chainProgress, chainTime } from "../../core/time/chain-time.js";
import { stallOf } from "../../core/time/estimate.js";
import { usualOf } from "../../core/time/history.js";
import { sanitizeLine } from "../../text/cells.js";
import type { Line, Piece } from "../../text/line.js";
import type { DetailView } from "./view.js";

/**
 * Columns of the picture below which the texts are close together, and below which the finish has
 * no word.
 */
const CLOSE = 100;
const SHORT = 70;

type Timed = Omit<DetailView, "line">;

/**
 * What stands behind the bar of the whole, the most important first: percent, time left, finish.
 * Each text is a piece, so that the last ones give way where there is no room.
 */
export function timeTexts(view: Timed): Piece[] {
  const { state, operation, width } = view;
  if (isFinal(operation.state)) return [];
  const isRunning = operation.state === "running";
  const progress = chainProgress(state, operation);
  const percent: Piece[] = isRunning ? [[formatOverall(progress), "bold"]] : [];
  const texts = [...percent, ...(isRunning ? leftTexts(view) : waitTexts(view))];
  const joint = width < CLOSE ? " " : " · ";
  const afterPercent = width < CLOSE ? " " : "  ";
  return texts.map(([text, ...styles], i): Piece => {
    // A margin belongs to the time before it.
    if (i === 0 || text.startsWith(" ")) return [text, ...styles];
    return [(i === percent.length ? afterPercent : joint) + text, ...styles];
  });
}

/** `13s left · done ≈ 10:04:28 ±2s · 11 runs` */
function leftTexts({ state, operation, width }: Timed): Piece[] {
  const time = chainTime(state, operation);
  const told: Piece[] = time.seconds === null ? [] : [[longLeft(time)]];
  if (isPaused(operation)) return [[pausedText(state, operation), "warn"], ...told];
  const then: Piece[] =
    time.isLeast && time.unknown.length > 0 ? [[`then ${listed(time.unknown)}`, "muted"]] : [];
  if (time.isLate) return [["later than usual", "warn"], ...told, ...then];
  if (time.seconds === null) return [];
  const end = clock(state.now + time.seconds * 1000);
  const margin = formatMargin(time.margin);
  const ground = groundOf(time.runs, time.isOther);
  return [
    ...told,
    ...(time.isLater ? [["later than expected", "warn"] as const] : []),
    ...(time.isLeast ? then : [[width < SHORT ? `≈${end}` : `done ≈ ${end}`, "muted"] as const]),
    ...(time.isLeast || margin === "" ? [] : [[margin, "muted"] as const]),
    ...(ground === "" ? [] : [[ground, "muted"] as const]),
  ];
}

const listed = (titles: readonly string[]): string =>
  titles.length <= 2 ? titles.join(", ") : `${titles.length} more`;

function pausedText(state: State, operation: Operation): string {
  const since = Math.max(0, Math.floor((state.now - Date.parse(operation.pause!.since!)) / 1000));
  return `paused for ${formatDuration(since)}`;
}

/** When a queued operation starts. */
function waitTexts({ state, operation }: Timed): Piece[] {
  if (waitsForApproval(operation) !== null) return [["waits for you", "warn"]];
  if (operation.retryAt != null) {
    const seconds = (Date.parse(operation.retryAt) - state.now) / 1000;
    if (seconds > 0) return [[`next attempt in ${formatLeft(seconds)}`, "muted"]];
  }
  const { startsAt = null, endsAt = null } = forecastOf(state, operation) ?? {};
  const usual = usualOf(state, operation)?.seconds?.p50 ?? null;
  const wait = waitOf(state, operation);
  const { queue, queuePosition } = operation;
  const name = queue === DEFAULT_QUEUE ? "the queue" : `queue ${queue}`;
  const place = queuePosition === null ? "queued" : `number ${queuePosition} in ${name}`;
  return [
    wait === null || wait.why === "paused queue" ? place : waitedFor(state, wait),
    ...(wait?.why === "paused queue" ? [`${wait.long}: p resumes it`] : []),
    ...(startsAt === null ? [] : [`starts ≈ ${clock(startsAt)}`]),
    ...(endsAt === null ? [] : [`done ≈ ${clock(endsAt)}`]),
    ...(usual === null ? [] : [`usually takes ${formatDuration(usual)}`]),
  ].map((text) => [text, "muted"]);
}

function waitedFor(state: State, wait: Wait): string {
  if (wait.why !== "time") return `starts ${wait.long}`;
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
    input: `waits for you ${time}`,
    host: `host ${sanitizeLine(operation.host ?? "")} unreachable for ${time}`,
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
