/**
 * Who a client says it is, beside what `/proc` tells of the process it names.
 *
 * Node does not give the peer of a Unix socket, so this is a claim. The socket's mode (0600) lets in the daemon's own
 * user and root alone; the claim tells apart their processes as far as they are honest.
 */
import { readFileSync, statSync } from "node:fs";
import type { AuditClient } from "../../protocol/audit.js";
import { parseClientHeader } from "../../protocol/client/request.js";

/** Milliseconds for which what `/proc` told counts. */
const FRESH_MS = 1000;

/** Clients that are remembered. */
const MAX_REMEMBERED = 200;

export class ClientClaims {
  readonly #known = new Map<string, { client: AuditClient | null; until: number }>();

  read(header: string | string[] | undefined): AuditClient | null {
    if (typeof header !== "string") return null;
    const now = performance.now();
    const known = this.#known.get(header);
    if (known && known.until > now) return known.client;
    const claim = parseClientHeader(header);
    const client = claim && { claimed: true as const, ...claim, process: processOf(claim.pid) };
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(header, { client, until: now + FRESH_MS });
    return client;
  }
}

/** Null where there is no such process, or no `/proc`. */
function processOf(pid: number): AuditClient["process"] {
  try {
    const dir = `/proc/${pid}`;
    return { uid: statSync(dir).uid, comm: readFileSync(`${dir}/comm`, "utf8").trimEnd() };
  } catch {
    return null;
  }
}
