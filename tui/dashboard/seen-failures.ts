/**
 * Failures that nobody has looked at. For each daemon, a file of mode 0600 remembers up to which failure somebody looked:
 * `$XDG_STATE_HOME/liveops-tui/<hash of the socket>.json`, else below `~/.local/state`.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Operation } from "../../protocol/operation.js";
import { makeDirectory } from "../../protocol/system/directories.js";
import type { DashboardClient } from "./core/client.js";

export interface NewFailures {
  readonly operations: readonly Operation[];
  readonly cursor: string;
}

export interface Looks {
  /** Null: nobody looked before, so no failure is new. */
  fetch(signal: AbortSignal): Promise<NewFailures | null>;
  /** @param cursor that of `fetch` */
  remember(cursor: string): void;
}

/** The failures seen of one daemon. */
export class Look implements Looks {
  constructor(
    private readonly client: Pick<DashboardClient, "list">,
    private readonly file: string | null,
  ) {}

  async fetch(signal: AbortSignal): Promise<NewFailures | null> {
    const { file } = this;
    const since = file === null ? null : readLook(file);
    const { operations, cursor } = await this.client.list(
      {
        state: ["failed"],
        parent: "none",
        limit: since === null ? 1 : 100,
        ...(since !== null && { finishedAfter: since }),
      },
      signal,
    );
    if (signal.aborted || file === null) return null;
    if (since !== null) return { operations, cursor };
    // Without an earlier look, older failures are not reported.
    writeLook(file, cursor);
    return null;
  }

  remember(cursor: string): void {
    if (this.file !== null) writeLook(this.file, cursor);
  }
}

/** The file of a daemon; null: the environment names no home. */
export function lookFile(env: Readonly<Record<string, string | undefined>>, socket: string): string | null {
  const base = env.XDG_STATE_HOME || (env.HOME && join(env.HOME, ".local/state"));
  if (!base) return null;
  const name = createHash("sha256").update(socket).digest("hex").slice(0, 16);
  return join(base, "liveops-tui", `${name}.json`);
}

/** The cursor of the last look; null: there was none. */
function readLook(file: string): string | null {
  try {
    const { failures } = JSON.parse(readFileSync(file, "utf8")) as { failures?: unknown };
    return typeof failures === "string" ? failures : null;
  } catch {
    return null;
  }
}

/** Without the file, the next start reports the same failures again. */
function writeLook(file: string, cursor: string): void {
  writeSmall(file, { failures: cursor });
}

export function writeSmall(file: string, value: object): void {
  try {
    makeDirectory(dirname(file), 0o700);
    writeFileSync(`${file}.new`, `${JSON.stringify(value)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // A read-only home.
  }
}
