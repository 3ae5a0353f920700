import type { DaemonReply, FleetState, HostReply } from "../../../../protocol/replies.js";
import type { Counts } from "../../../../protocol/watch.js";
import type { HungDaemon } from "../../../kit/silent-daemon.js";

/** `hung`: the daemon accepts connections and does not reply. */
export type Connection =
  /** Not heard from yet; `reason` once an attempt failed. */
  | { readonly state: "connecting"; readonly reason: string | null; readonly hung?: HungDaemon | undefined }
  /** `isQuiet`: a ping is missing, so the state may be old: its clock stands. */
  | { readonly state: "live"; readonly isQuiet?: true }
  /** `since` in ms of the wall clock. */
  | {
      readonly state: "away";
      readonly since: number;
      readonly reason: string;
      readonly hung?: HungDaemon | undefined;
    };

/** A machine. One that never answered is unreachable since null. */
export interface Host extends HostReply {
  /** The daemon that keys of this host name; absent: keys name no host. */
  readonly daemon?: HostDaemon;
}

export interface HostDaemon {
  readonly address: string;
  /** Why it does not answer; null: it answers, or no attempt to reach it has ended. */
  readonly reason: string | null;
  readonly counts: Counts;
  /** Queued operations that its stream does not bring. */
  readonly moreQueued: number;
  /** Null: not told yet. */
  readonly reply: DaemonReply | null;
  /** When it answered last, in ms; null: never. */
  readonly heardAt: number | null;
}

/** The machines that the screen shows, as told last. */
export interface HostsSlice {
  /** Empty: not known yet. */
  readonly all: readonly Host[];
  /** The engine that the hosts share; null: there is none. */
  readonly engine: FleetState | null;
  /** Seconds since the last answer of the host, which the state shows. Null: the state is current. */
  readonly silentFor: number | null;
}

export const HOSTS: HostsSlice = { all: [], engine: null, silentFor: null };
