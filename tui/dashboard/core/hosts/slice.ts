import type { EngineState, HostReply } from "../../../../protocol/replies.js";
import type { HungDaemon } from "../../../kit/silent-daemon.js";

/** `hung`: the daemon accepts connections and does not reply. */
export type Connection =
  /** Not heard from yet; `reason` once an attempt failed. */
  | {
      readonly state: "connecting";
      readonly reason: string | null;
      readonly hung?: HungDaemon | undefined;
    }
  /** `isQuiet`: a ping is missing, so the state may be old: its clock stands. */
  | { readonly state: "live"; readonly isQuiet?: true }
  /** `since` in ms of the wall clock. */
  | {
      readonly state: "away";
      readonly since: number;
      readonly reason: string;
      readonly hung?: HungDaemon | undefined;
    };

/** The machines that the screen shows, as told last. */
export interface HostsSlice {
  /** Empty: not known yet. */
  readonly all: readonly HostReply[];
  /** The engine that the hosts share; null: there is none. */
  readonly engine: EngineState | null;
}

export const HOSTS: HostsSlice = { all: [], engine: null };
