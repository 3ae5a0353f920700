/** A line of the audit log, `audit.ndjson` in the state directory. */

export type AuditAction = "submit" | "cancel" | "retry" | "remove" | "stop" | "backup";

export interface AuditLine {
  /** ISO 8601. */
  at: string;
  action: AuditAction;
  /** Operations, at most 20 of them. */
  ids: string[];
  /** How many operations. */
  count: number;
  /** `done`, or the code of the refusal. */
  result: string;
  /** The user who owns the socket: its mode lets in this user and root alone. Null where the system has no users. */
  uid: number | null;
  /** Null: the client did not say who it is, or nobody asked through the socket. */
  client: AuditClient | null;
  /** The request's idempotency key. */
  key: string | null;
  /** What else was asked for. */
  details: Record<string, string | number | boolean> | null;
}

export interface AuditClient {
  /** The client said so; nothing proves it. */
  claimed: true;
  pid: number;
  command: string;
  /** What `/proc` said of that pid at the time of the request; null where it said nothing. */
  process: { uid: number; comm: string } | null;
}
