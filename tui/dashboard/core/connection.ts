/** How the dashboard is connected: to its daemon, or to each of several. */
import type { DaemonReply, HostReply } from "../../../protocol/replies.js";
import type { Counts } from "../../../protocol/watch.js";

export type Connection =
  /** Not heard from yet; `reason` once an attempt failed. */
  | { readonly state: "connecting"; readonly reason: string | null }
  | { readonly state: "live" }
  /** `since` in ms of the wall clock. */
  | { readonly state: "away"; readonly since: number; readonly reason: string };

/** One of several daemons, each named by a `--host`. */
export interface Host {
  /** Short, and no other host has it. */
  readonly name: string;
  /** As `--host` takes it. */
  readonly address: string;
  readonly connection: Connection;
  /** As told last. */
  readonly counts: Counts;
  /** Null: not told yet. */
  readonly daemon: DaemonReply | null;
  /** The machine of the daemon as `GET /v1/hosts` has it; null: not told yet. */
  readonly machine: HostReply | null;
  /** When the daemon answered last, in ms; null: never. */
  readonly heardAt: number | null;
}
