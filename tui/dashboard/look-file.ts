/**
 * Remembers up to which failure somebody looked, for each daemon:
 * `$XDG_STATE_HOME/liveops-tui/<hash of the socket>.json`, else below `~/.local/state`. The file has mode 0600.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface LookFile {
  readonly path: string;
}

/** Null: the environment names no home. */
export function lookFile(env: Readonly<Record<string, string | undefined>>, socket: string): LookFile | null {
  const base = env.XDG_STATE_HOME || (env.HOME && join(env.HOME, ".local/state"));
  if (!base) return null;
  const name = createHash("sha256").update(socket).digest("hex").slice(0, 16);
  return { path: join(base, "liveops-tui", `${name}.json`) };
}

/** The cursor of the last look; null: there was none. */
export function readLook({ path }: LookFile): string | null {
  try {
    const { failures } = JSON.parse(readFileSync(path, "utf8")) as { failures?: unknown };
    return typeof failures === "string" ? failures : null;
  } catch {
    return null;
  }
}

/** Without the file, the next start reports the same failures again. */
export function writeLook({ path }: LookFile, cursor: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, `${JSON.stringify({ failures: cursor })}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // A read-only home.
  }
}
