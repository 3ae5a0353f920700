/**
 * The forecast: when running operations end, and when queued operations start and end, if each takes as long as the
 * median of its type. Pure.
 *
 * An operation without a median keeps its slot for an unknown time. Later operations start in the other slots; where
 * all slots are unknown, the starts are unknown too. Operations that join the queue later start after those in it.
 */

export interface ForecastInput {
  /** In ms since 1970, as all times here. */
  now: number;
  slots: number;
  running: ReadonlyArray<{ id: string; startedAt: number; seconds: number | null }>;
  /** In the order of the queue. */
  queued: ReadonlyArray<{ id: string; seconds: number | null }>;
}

export interface Expected {
  startsAt: number | null;
  endsAt: number | null;
}

export interface Forecast {
  /** When the last queued operation starts; null: nothing is queued, or the time is unknown. */
  emptyAt: number | null;
  operations: Map<string, Expected>;
}

export function forecast({ now, slots, running, queued }: ForecastInput): Forecast {
  const operations = new Map<string, Expected>();
  /** When each slot is free; without those that are busy for an unknown time. */
  const free: number[] = Array.from({ length: Math.max(0, slots - running.length) }, () => now);
  for (const { id, startedAt, seconds } of running) {
    // An operation that takes longer than the median may end at any moment.
    const endsAt = seconds === null ? null : Math.max(now, startedAt + seconds * 1000);
    operations.set(id, { startsAt: startedAt, endsAt });
    if (endsAt !== null) free.push(endsAt);
  }
  let emptyAt: number | null = null;
  for (const { id, seconds } of queued) {
    const slot = earliest(free);
    const startsAt = slot === null ? null : free[slot]!;
    const endsAt = startsAt === null || seconds === null ? null : startsAt + seconds * 1000;
    operations.set(id, { startsAt, endsAt });
    emptyAt = startsAt;
    if (slot === null) continue;
    if (endsAt === null) free.splice(slot, 1);
    else free[slot] = endsAt;
  }
  return { emptyAt, operations };
}

/** Index of the smallest time; null of an empty list. */
function earliest(times: readonly number[]): number | null {
  let found: number | null = null;
  for (const [index, time] of times.entries()) if (found === null || time < times[found]!) found = index;
  return found;
}
