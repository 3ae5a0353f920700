import type { DaemonReply, HostReply, HostsReply } from "../../../../protocol/replies.js";
import type { Counts } from "../../../../protocol/watch.js";
import type { HungDaemon } from "../../../kit/silent-daemon.js";

/** `hung`: the daemon accepts connections and does not reply. */
export type Connection =
  /** Not heard from yet; `reason` once an attempt failed. */
  | { readonly state: "connecting"; readonly reason: string | null; readonly hung?: HungDaemon | undefined }
  | { readonly state: "live" }
  /** `since` in ms of the wall clock. */
  | {
      readonly state: "away";
      readonly since: number;
      readonly reason: string;
      readonly hung?: HungDaemon | undefined;
    };

/** A host that keys name. */
export interface Host {
  /** Short, and no other host has it. */
  readonly name: string;
  readonly address: string;
  readonly connection: Connection;
  /** As told last. */
  readonly counts: Counts;
  /** Queued operations that its stream does not bring. */
  readonly moreQueued: number;
  /** Null: not told yet. */
  readonly daemon: DaemonReply | null;
  /** The machine of the daemon as `GET /v1/hosts` has it; null: not told yet. */
  readonly machine: HostReply | null;
  /** When the daemon answered last, in ms; null: never. */
  readonly heardAt: number | null;
}

/** The daemons and machines that the screen shows. */
export interface HostsSlice {
  /** The hosts that keys name; empty: keys name none. */
  readonly named: readonly Host[];
  /** Seconds since the last answer of the host, which the state shows. Null: the state is current. */
  readonly silentFor: number | null;
  /** The hosts as told last; null: not known yet. */
  readonly fleet: HostsReply | null;
}

export const HOSTS: HostsSlice = { named: [], silentFor: null, fleet: null };
