/** The input of one attempt. The daemon sends it to a worker; `liveops run` creates it in its own process. */
import type { Chain } from "../../protocol/operation.js";

export interface Order {
  id: string;
  op: string;
  attempt: number;
  /** The accepted input; the attempt parses it again. */
  params: Record<string, unknown>;
  title: string;
  label: string | null;
  stages: string[];
  /** Absolute path. */
  cwd: string;
  /** Of the submit: during the attempt, these variables override those of the worker. */
  env: Record<string, string>;
  chain: Chain;
  /** Numbers of the operation's last event and last log line. */
  seq: number;
  logLines: number;
  /** Number of the slot of its queue, from 1. */
  slot: number;
  /** In a fleet: a number that is greater in each later attempt. Absent or null: no fleet. */
  fence?: number | null;
}
