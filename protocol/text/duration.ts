/**
 * Durations: what people type (`30`, `30s`, `10m`, `2h`, `1h30m`, `500ms`), and what messages say.
 */

const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };

/**
 * The duration in seconds; null if the text is not a duration. A number without a unit is in
 * seconds.
 */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(trimmed)) return null;
  let seconds = 0;
  for (const [, value, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    seconds += Number(value) * UNITS[unit!]!;
  }
  return seconds;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min` */
export function durationText(all: number): string {
  const total = Math.round(all);
  if (total < 60) return `${total} s`;
  const [minutes, rest] = [Math.floor(total / 60), total % 60];
  if (minutes < 60) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  return minutes % 60 === 0
    ? `${minutes / 60} h`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
