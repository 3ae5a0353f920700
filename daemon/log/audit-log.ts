/**
 * The audit log: who submitted, cancelled, retried and removed operations, made backups and stopped the daemon.
 *
 * Lines are collected for a moment and written together, after the requests are answered, and not synced. A line that
 * cannot be written is counted and dropped: no request waits for the audit log or fails because of it.
 */
import { readFileSync, statSync } from "node:fs";
import type { FastifyRequest } from "fastify";
import type { AuditAction, AuditClient, AuditLine } from "../../protocol/audit.js";
import { CLIENT_HEADER, parseClientHeader } from "../../protocol/client/client-header.js";
import { LogFile } from "./log-file.js";

export interface AuditedAction {
  action: AuditAction;
  /** Null: the action did not come through the socket. */
  request: Pick<FastifyRequest, "headers"> | null;
  ids: string[];
  /** `done`, or the code of the refusal. */
  result: string;
  details?: AuditLine["details"];
}

/** Bytes at which the file is renamed to `audit.1.ndjson` and a new one begins. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Milliseconds for which lines are collected. */
const FLUSH_MS = 100;

/** Most ids in a line. Its `count` is the number of all ids. */
export const MAX_IDS = 20;

export class AuditLog {
  /** Lines that could not be written since the start. */
  lost = 0;
  #waiting: AuditLine[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** The last write may have left an incomplete line. */
  #isTorn = false;
  readonly #file: LogFile;
  readonly #uid = process.getuid?.() ?? null;

  constructor({ audit, olderAudit }: Record<"audit" | "olderAudit", string>, maxBytes = MAX_BYTES) {
    this.#file = new LogFile(audit, maxBytes, olderAudit);
  }

  /** Queues a line, which is written within `FLUSH_MS`. */
  record({ action, request, ids, result, details = null }: AuditedAction): void {
    this.#waiting.push({
      at: new Date().toISOString(),
      action,
      ids: ids.slice(0, MAX_IDS),
      count: ids.length,
      result,
      uid: this.#uid,
      client: clientOf(request?.headers[CLIENT_HEADER]),
      key: (request?.headers["idempotency-key"] as string | undefined) ?? null,
      details,
    });
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  /** Writes all queued lines, or counts them as lost. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#waiting;
    this.#waiting = [];
    if (lines.length === 0) return;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
    try {
      this.#isTorn = this.#file.append(bytes) < bytes.length;
      if (this.#isTorn) this.lost += lines.length;
    } catch {
      this.lost += lines.length;
    }
  }

  stop(): void {
    this.flush();
    this.#file.close();
  }
}

/**
 * The identity that a client claims, with what `/proc` says about the process it names.
 *
 * Node does not give the peer of a Unix socket, so this is a claim. The socket's mode (0600) admits only the daemon's
 * own user and root. The claim tells their processes apart, if these are honest.
 */
function clientOf(header: string | string[] | undefined): AuditClient | null {
  const claim = typeof header === "string" ? parseClientHeader(header) : null;
  if (claim === null) return null;
  return { claimed: true, ...claim, process: claim.host === undefined ? processOf(claim.pid) : null };
}

/** Null if there is no such process, or no `/proc`. */
function processOf(pid: number): AuditClient["process"] {
  try {
    const dir = `/proc/${pid}`;
    return { uid: statSync(dir).uid, comm: readFileSync(`${dir}/comm`, "utf8").trimEnd() };
  } catch {
    return null;
  }
}
