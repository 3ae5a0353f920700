/** The time left in words: lists, `show` and the dashboard say it alike. */
import {
  type OverallProgress,
  overallProgress,
  shareOfTime,
} from "../../protocol/estimate/overall-progress.js";
import type { TimeLeft } from "../../protocol/estimate/time-left.js";
import type { Operation } from "../../protocol/operation.js";
import type { ForecastReply } from "../../protocol/replies.js";
import { count } from "../../protocol/text/count.js";
import { formatDuration } from "./format.js";

/** Seconds to go, in whole seconds rounded up: never 0. */
export function formatLeft(seconds: number): string {
  return formatDuration(Math.max(1, Math.ceil(seconds)));
}

type Left = Pick<TimeLeft, "seconds" | "isLeast"> & { readonly isKnown?: boolean };

/** What is not known yet. */
const AWAITED = "…";

/**
 * `~13s`; `≥13s` where a part is unknown; empty where all is; `…` before earlier runs are known.
 */
export function shortLeft({ seconds, isLeast, isKnown = true }: Left): string {
  if (!isKnown) return AWAITED;
  return seconds === null ? "" : `${isLeast ? "≥" : "~"}${formatLeft(seconds)}`;
}

/** `13s left`, `≥13s left`; as `shortLeft` where nothing is known. */
export function longLeft({ seconds, isLeast, isKnown = true }: Left): string {
  if (!isKnown) return AWAITED;
  return seconds === null ? "" : `${isLeast ? "≥" : ""}${formatLeft(seconds)} left`;
}

type Expected = ForecastReply["operations"][string] | undefined;

/**
 * As `shortLeft`, of an operation in a forecast; `late` past what nine of ten earlier runs took.
 */
export function expectedLeft(expected: Expected, now: number): string {
  if (expected?.late) return "late";
  const seconds = expected?.endsAt ? (Date.parse(expected.endsAt) - now) / 1000 : null;
  return shortLeft({ seconds, isLeast: false });
}

/** How far an operation is: by the forecast; else by its stages. */
export function expectedProgress(
  operation: Operation,
  expected: Expected,
  now: number,
): OverallProgress {
  const { startsAt, endsAt, margin = 0 } = expected ?? {};
  if (operation.state !== "running" || !startsAt || !endsAt) return overallProgress(operation);
  const seconds = (Date.parse(endsAt) - now) / 1000;
  const left = { seconds, margin, isLeast: false, isOther: false };
  return shareOfTime((now - Date.parse(startsAt)) / 1000, left)!;
}

/** ` ±2s`, from a second on. */
export function formatMargin(margin: number | undefined): string {
  return margin === undefined || margin < 0.5 ? "" : ` ±${formatLeft(margin)}`;
}

/** What an estimate is from: `11 runs`, `2 runs, other parameters`; empty: its own pace. */
export function groundOf(runs: number | null, isOther = false): string {
  return runs === null ? "" : `${count(runs, "run")}${isOther ? ", other parameters" : ""}`;
}
