/** What the dashboard asks: one daemon, or several daemons as if they were one. */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../../../protocol/client/client.js";
import type { Methods } from "../../../protocol/client/methods.js";
import type { Message } from "./message.js";

/** Hears what the watch stream brings. */
export interface WatchTarget {
  dispatch(message: Message): void;
  now(): number;
}

/** What a client does that asks several daemons. */
export interface Several {
  /** The client of the daemon that the key names. */
  at(key: string): Client;
  /** Keeps the watch streams of all daemons open. */
  follow(target: WatchTarget, left: AbortSignal): Promise<void>;
  /**
   * Tries at once to reach the host.
   *
   * @param suspend gives the terminal back for as long as the callback takes
   */
  reach(host: string, suspend: (meanwhile: () => Promise<void>) => void): void;
}

export type DashboardClient = Methods &
  Pick<Client, "socket" | "logPages" | "logText"> & { readonly several?: Several };

/** A wait that an abort ends early, without an error. */
export const pause = (milliseconds: number, left: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal: left }).catch(() => {});
