/**
 * The audit log: who submitted, cancelled, retried and removed operations, made backups and stopped the daemon.
 *
 * Lines are appended in batches, off the event loop, and not synced. A line that cannot be written is counted and
 * dropped: no request waits for the audit log or fails because of it.
 */
import { readFileSync, statSync } from "node:fs";
import { type FileHandle, lstat, open, rename } from "node:fs/promises";
import type { FastifyRequest } from "fastify";
import type { AuditAction, AuditClient, AuditLine } from "../../protocol/audit.js";
import { CLIENT_HEADER, parseClientHeader } from "../../protocol/client/client-header.js";
import { APPEND, IrregularFileError, SAFE, whyIrregular } from "../../protocol/system/own-file.js";

/** Milliseconds for which an answer of `/proc` is reused. */
const FRESH_MS = 1000;

/** Most clients that are remembered. */
const MAX_REMEMBERED = 200;

/**
 * The identity that a client claims, with what `/proc` says about the process it names.
 *
 * Node does not give the peer of a Unix socket, so this is a claim. The socket's mode (0600) admits only the daemon's
 * own user and root. The claim tells their processes apart, if these are honest.
 */
class ClientClaims {
  readonly #known = new Map<string, { client: AuditClient | null; until: number }>();

  read(header: string | string[] | undefined): AuditClient | null {
    if (typeof header !== "string") return null;
    const now = performance.now();
    const known = this.#known.get(header);
    if (known && known.until > now) return known.client;
    const claim = parseClientHeader(header);
    const process = claim === null || claim.host !== undefined ? null : processOf(claim.pid);
    const client = claim && { claimed: true as const, ...claim, process };
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(header, { client, until: now + FRESH_MS });
    return client;
  }
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

/** Milliseconds for which lines are collected, to be written together. */
const FLUSH_MS = 100;

/** Most lines that wait to be written; more are dropped. */
const MAX_WAITING = 10_000;

/** Most ids in a line. Its `count` is the number of all ids. */
export const MAX_IDS = 20;

export class AuditLog {
  /** Lines that could not be written since the start. */
  lost = 0;
  #waiting: AuditLine[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #file: { handle: FileHandle; ino: number; size: number } | null = null;
  /** The last write may have left an incomplete line. */
  #isTorn = false;
  readonly #claims = new ClientClaims();
  readonly #uid = process.getuid?.() ?? null;

  constructor(
    private readonly files: Record<"audit" | "olderAudit", string>,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** Queues a line, which is written within `FLUSH_MS`. */
  record({ action, request, ids, result, details = null }: AuditedAction): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.lost++;
      return;
    }
    this.#waiting.push({
      at: new Date().toISOString(),
      action,
      ids: ids.slice(0, MAX_IDS),
      count: ids.length,
      result,
      uid: this.#uid,
      client: this.#claims.read(request?.headers[CLIENT_HEADER]),
      key: (request?.headers["idempotency-key"] as string | undefined) ?? null,
      details,
    });
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  /** Resolves when all queued lines are written, or counted as lost. */
  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#waiting.length > 0 || this.#writing) {
      this.#writing ??= this.#write(this.#waiting.splice(0)).finally(() => {
        this.#writing = null;
      });
      await this.#writing;
    }
  }

  async stop(): Promise<void> {
    await this.flush();
    await this.#file?.handle.close();
    this.#file = null;
  }

  async #write(lines: AuditLine[]): Promise<void> {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    try {
      const file = await this.#open();
      const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
      this.#isTorn = true;
      await file.handle.appendFile(bytes);
      this.#isTorn = false;
      file.size += bytes.length;
    } catch {
      this.lost += lines.length;
      await this.#close();
    }
  }

  /** The open log file; a new one if the file was removed or is full. */
  async #open() {
    const { audit, olderAudit } = this.files;
    const there = await lstat(audit).catch(() => null);
    if (this.#file && (there?.ino !== this.#file.ino || this.#file.size >= this.maxBytes))
      await this.#close();
    if (this.#file) return this.#file;
    if (there?.isFile() && there.size >= this.maxBytes) await rename(audit, olderAudit);
    const handle = await open(audit, APPEND | SAFE, 0o600);
    const stat = await handle.stat();
    const why = whyIrregular(stat);
    if (why !== null) {
      await handle.close();
      throw new IrregularFileError(`${audit} ${why}`);
    }
    this.#file = { handle, ino: stat.ino, size: stat.size };
    return this.#file;
  }

  async #close(): Promise<void> {
    const handle = this.#file?.handle;
    this.#file = null;
    await handle?.close().catch(() => {});
  }
}
