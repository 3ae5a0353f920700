/** Hosts in words, for commands and the dashboard. Pure. */
import type { Operation } from "../../protocol/operation.js";
import type { HostReply } from "../../protocol/replies.js";
import { formatAge } from "../kit/output/time.js";
import { formatDuration } from "./format.js";

/** `up`, `up, drained`, `unreachable 42s`, `lost 5m`, `left 2h`. */
export function hostState({ state, since, draining }: HostReply, now: number): string {
  if (state === "up") return draining ? "up, drained" : "up";
  return since === null ? state : `${state} ${formatAge(since, now)}`;
}

/** How far the clock of a host is ahead: `0`, `+12ms`, `-3s`. */
export function formatSkew(ms: number): string {
  if (ms === 0) return "0";
  return `${ms > 0 ? "+" : "-"}${formatDuration(Math.abs(ms) / 1000)}`;
}

/**
 * The host that runs an operation or ran it last; of a queued one, the only host that may run it;
 * null: none.
 */
export function hostOf({ state, host, on }: Operation & { on?: string | null }): string | null {
  return (state === "queued" ? on : host) ?? null;
}
