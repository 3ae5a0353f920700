/**
 * Limits of an operation: memory, CPU and number of processes. A type declares them as statics, and a submit may
 * override them. The kernel enforces them if the daemon has its own cgroup (v2).
 */

export interface ResourceLimits {
  /** Bytes of memory that all processes of the operation may use together. */
  memoryMax?: number | undefined;
  /** CPU cores that all processes of the operation may use together; 1.5 is one and a half. */
  cpuMax?: number | undefined;
  /** Processes and threads that may exist at the same time. */
  pidsMax?: number | undefined;
}

export type LimitName = keyof ResourceLimits;

export const LIMIT_NAMES: readonly LimitName[] = ["memoryMax", "cpuMax", "pidsMax"];

const MiB = 1024 * 1024;

/** Range of each limit. The minimum leaves room for the worker itself: about 50 MiB and 15 threads. */
export const LIMIT_BOUNDS = {
  memoryMax: { min: 64 * MiB, max: Number.MAX_SAFE_INTEGER, whole: true, unit: "bytes" },
  cpuMax: { min: 0.01, max: 10_000, whole: false, unit: "cores" },
  pidsMax: { min: 32, max: 4_194_304, whole: true, unit: "processes and threads" },
} as const satisfies Record<LimitName, { min: number; max: number; whole: boolean; unit: string }>;

/** Why the value is not a valid limit; null if it is valid. */
export function limitProblem(name: LimitName, value: unknown): string | null {
  const { min, max, whole, unit } = LIMIT_BOUNDS[name];
  const fits =
    typeof value === "number" && value >= min && value <= max && (!whole || Number.isInteger(value));
  if (fits) return null;
  const least = name === "memoryMax" ? `${min} (64 MiB)` : String(min);
  return `must be a ${whole ? "whole number" : "number"} of ${unit}, at least ${least}`;
}

const UNITS: Record<string, number> = { "": 1, K: 1024, M: MiB, G: 1024 * MiB, T: 1024 * 1024 * MiB };

/** Parses a size such as `2G`, `512M`, `1.5GiB` or `1048576` into bytes; null if invalid. Units are powers of 1024. */
export function parseSize(text: string): number | null {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  return digits === undefined ? null : Math.round(Number(digits) * UNITS[(unit ?? "").toUpperCase()]!);
}

/** Formats bytes: `2 GiB`, `512 MiB`, `1000 B`. */
export function sizeText(bytes: number): string {
  const unit = (["T", "G", "M", "K"] as const).find((name) => bytes >= UNITS[name]!);
  return unit === undefined ? `${bytes} B` : `${Number((bytes / UNITS[unit]!).toFixed(2))} ${unit}iB`;
}

/** Formats limits: `memoryMax 2 GiB, cpuMax 1.5, pidsMax 200`. */
export function limitsText(limits: ResourceLimits): string {
  return LIMIT_NAMES.flatMap((name) => {
    const value = limits[name];
    if (value === undefined) return [];
    return `${name} ${name === "memoryMax" ? sizeText(value) : value}`;
  }).join(", ");
}

/** The limits of an operation: those of the submit override those of the type. Undefined: no limits. */
export function effectiveLimits(
  type: ResourceLimits | undefined,
  given: ResourceLimits | undefined,
): ResourceLimits | undefined {
  if (!type && !given) return undefined;
  const limits: ResourceLimits = {};
  for (const name of LIMIT_NAMES) {
    const value = given?.[name] ?? type?.[name];
    if (value !== undefined) limits[name] = value;
  }
  return Object.keys(limits).length === 0 ? undefined : limits;
}
