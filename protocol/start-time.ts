import type { Operation } from "./operation.js";

/**
 * The time before which the operation does not start, in ms since 1970; null: it is over, or there
 * is none.
 */
export function laterStart(
  { notBefore }: Pick<Operation, "notBefore">,
  now: number,
): number | null {
  if (notBefore === null) return null;
  const time = Date.parse(notBefore);
  return time > now ? time : null;
}

/** Whether the operation was submitted to start later: at a time, or after others. */
export function isForLater({
  notBefore,
  waitsFor,
}: Pick<Operation, "notBefore" | "waitsFor">): boolean {
  return notBefore !== null || waitsFor !== null;
}
