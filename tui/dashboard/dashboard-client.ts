/** The client of the dashboard: for one daemon its client, for several the client of all of them. */
import type { Client } from "../../protocol/client/client.js";

type Asked =
  | "socket"
  | ("list" | "show" | "history" | "types" | "forecast" | "queues" | "schedules" | "hosts" | "daemon")
  | ("log" | "logPages" | "logText" | "events" | "watch")
  | ("submit" | "again" | "edit" | "cancel" | "pause" | "resume" | "remove" | "retry")
  | ("cancelAll" | "removeAll" | "retryAll")
  | ("pauseQueue" | "resumeQueue" | "pauseSchedule" | "resumeSchedule" | "drain" | "declareLost");

export interface DashboardClient extends Pick<Client, Asked> {
  /** The client of the daemon with this name, where there are several. */
  hostNamed?(name: string): Client;
}
