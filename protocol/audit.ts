/** A line of the audit log, `audit.ndjson` in the state directory. */
import type { PATHS, RouteName } from "./paths.js";

type ChangingRoute = {
  [N in RouteName]: (typeof PATHS)[N]["method"] extends "GET" ? never : N;
}[RouteName];

/** What changes something, and `attach`. A request on many operations counts as that on each of them. */
export type AuditAction = Exclude<ChangingRoute, "cancelAll" | "retryAll" | "removeAll"> | "attach";

export interface AuditLine {
  /** ISO 8601. */
  at: string;
  action: AuditAction;
  /** Ids of the operations, at most 20. */
  ids: string[];
  /** Number of operations. */
  count: number;
  /** `done`, or the code of the refusal. */
  result: string;
  /** The owner of the socket; its mode admits only this user and root. Null if the system has no user ids. */
  uid: number | null;
  /** Null: the client sent no `Liveops-Client` header, or the action did not come through the socket. */
  client: AuditClient | null;
  /** The request's idempotency key. */
  key: string | null;
  /** Other values of the request. */
  details: Record<string, string | number | boolean> | null;
}

export interface AuditClient {
  /** The client reports these values; they are not verified. */
  claimed: true;
  pid: number;
  command: string;
  /** Name of the user. */
  user?: string;
  /** The machine of the client, if it is another one. */
  host?: string;
  /** The process of that pid in `/proc` at the time of the request; null if there was none, or on another machine. */
  process: { uid: number; comm: string } | null;
}
