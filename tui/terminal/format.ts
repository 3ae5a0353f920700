/**
 * Formats durations, bytes, rates, counts and percentages. Pure; text mode, lists and the dashboard
 * share it, so that the same figure looks the same everywhere.
 */
import type { OverallProgress } from "../../protocol/estimate/overall-progress.js";
import { unitFor } from "../../protocol/text/count.js";

const BYTE_UNITS = new Set(["b", "byte", "bytes"]);
const BYTE_STEPS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Whether amounts in this unit are bytes. */
function isByteUnit(unit: string | null | undefined): boolean {
  return unit != null && BYTE_UNITS.has(unit.toLowerCase());
}

/**
 * `20ms`, `0.4s`, `7s`, `1m05s`, `1h02m`, `3d04h`; `327d`; at most two units. Takes seconds;
 * negative values give `0s`.
 */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, seconds);
  if (whole > 0 && whole < 0.0995) return `${Math.max(1, Math.round(whole * 1000))}ms`;
  if (whole < 10 && !Number.isInteger(whole)) {
    const tenths = Math.round(whole * 10) / 10;
    if (tenths < 10) return `${tenths}s`;
  }
  const total = Math.round(whole);
  const two = (value: number) => String(value).padStart(2, "0");
  const [days, hours, minutes] = [
    Math.floor(total / 86400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
  ];
  if (days >= 100) return `${days}d`;
  if (days > 0) return `${days}d${two(hours)}h`;
  if (hours > 0) return `${hours}h${two(minutes)}m`;
  if (minutes > 0) return `${minutes}m${two(total % 60)}s`;
  return `${total}s`;
}

/** A forecast: `40s`, `4m`, `3h`, `2d`. Finer figures would claim too much. */
export function formatAbout(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86400)}d`;
}

/** Steps of 1024: `512 B`, `1.5 KiB`, `12 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 1023.5 && step < BYTE_STEPS.length - 1) {
    value /= 1024;
    step++;
  }
  const text = step > 0 && Math.abs(value) < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${text} ${BYTE_STEPS[step]}`;
}

/** `1,234,567`; a fraction keeps one decimal below a thousand, two below one. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "?";
  const size = Math.abs(value);
  const part = size < 1 ? 100 : 10;
  const rounded = size < 1000 ? Math.round(value * part) / part : Math.round(value);
  const [integer = "0", fraction] = String(rounded).split(".");
  if (integer.includes("e")) return String(rounded);
  const grouped = integer.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction ? `${grouped}.${fraction}` : grouped;
}

/** `12 MiB/s` where the unit is bytes, `120 rows/s`, `120/s` without a unit. */
export function formatRate(rate: number, unit?: string | null): string {
  if (isByteUnit(unit)) return `${formatBytes(rate)}/s`;
  return `${formatCount(rate)}${unit ? ` ${unitFor(rate, unit)}` : ""}/s`;
}

/**
 * Progress of a count: `3/10 rows`, `1.5 MiB/10 MiB`, `3 rows` where the total is unknown; nothing
 * for a percent.
 */
export function formatAmount(done: number, total: number | null, unit?: string | null): string {
  // The percent says it.
  if (unit === "%") return "";
  if (done === 0 && total === 0) return unit ? `no ${unitFor(0, unit)}` : "none";
  if (isByteUnit(unit))
    return total === null ? formatBytes(done) : `${formatBytes(done)}/${formatBytes(total)}`;
  const amount = total === null ? formatCount(done) : `${formatCount(done)}/${formatCount(total)}`;
  return unit ? `${amount} ${unitFor(total ?? done, unit)}` : amount;
}

/** Rounded down, so that `100%` means done; `~40%` where it is an estimate. */
export function formatPercent(percent: number, isApproximate = false): string {
  return `${isApproximate ? "~" : ""}${Math.floor(Math.min(100, Math.max(0, percent)))}%`;
}

/**
 * `64%`; `~64%` for a guess; `≥33%` where a part is unknown; `…` before the first stage has ended.
 */
export function formatOverall({ percent, known, approximate }: OverallProgress): string {
  const text = formatPercent(percent, known && approximate);
  if (known) return text;
  return text === "0%" ? "…" : `≥${text}`;
}
