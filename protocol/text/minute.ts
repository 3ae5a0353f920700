/**
 * A time to the minute, as people read it: `2026-11-25 14:30`, in a time zone, by default that of
 * this process.
 */
export function minute(iso: string, zone?: string): string {
  const style = { dateStyle: "short", timeStyle: "short" } as const;
  return new Date(iso).toLocaleString("sv-SE", { ...style, timeZone: zone });
}
