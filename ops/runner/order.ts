/** What one attempt is told: sent to a worker by the daemon, made on the spot by `liveops run`. */
import type { Chain } from "../../protocol/operation.js";

export interface Order {
  id: string;
  op: string;
  attempt: number;
  /** The accepted input, parsed anew by this attempt. */
  params: Record<string, unknown>;
  title: string;
  label: string | null;
  stages: string[];
  /** Absolute. */
  cwd: string;
  /** Laid over the worker's environment for the time of the attempt. */
  env: Record<string, string>;
  chain: Chain;
  /** Number of the operation's last event, and of its last log line. */
  seq: number;
  logLines: number;
}
