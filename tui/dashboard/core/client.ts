/** What the dashboard asks: its daemon. */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../../../protocol/client/client.js";
import type { Methods } from "../../../protocol/client/methods.js";
import type { Message } from "./message.js";

/** Hears what the watch stream brings. */
export interface WatchTarget {
  dispatch(message: Message): void;
  now(): number;
}

export type DashboardClient = Methods & Pick<Client, "socket" | "logPages" | "logText">;

/** A wait that an abort ends early, without an error. */
export const pause = (milliseconds: number, left: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal: left }).catch(() => {});
