/**
 * What a person has looked at in the dashboard, so that the next dashboard, `liveops ls` and `liveops status` do not
 * count it as new. A file of mode 0600 for each daemon, or for all hosts that a dashboard shows:
 * `$XDG_STATE_HOME/liveops-tui/<path of the socket>.json`, else below `~/.local/state`.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Client } from "../../protocol/client/client.js";
import type { Operation } from "../../protocol/operation.js";
import { makeDirectory } from "../../protocol/system/directories.js";
import { type Looks, newSince } from "./waits.js";

/** Most characters of a name: a file system takes 255 bytes. */
const MOST_NAME = 200;

/** Keys that are kept; the oldest are of what ended long ago. */
const MOST = 2000;

/** @param shown - the socket, or what names all hosts; null: the environment names no home */
export function lastLookFile(
  env: Readonly<Record<string, string | undefined>>,
  shown: string,
): string | null {
  const base = env.XDG_STATE_HOME || (env.HOME && join(env.HOME, ".local/state"));
  if (!base) return null;
  // A hash would load a module at each `ls`.
  const name = encodeURIComponent(shown).slice(-MOST_NAME);
  return join(base, "liveops-tui", `${name}.json`);
}

/** Null: nobody has looked yet. */
export function readLooks(file: string | null): Looks | null {
  try {
    const { began, looked } = JSON.parse(readFileSync(file!, "utf8"));
    if (typeof began !== "number" || !Array.isArray(looked)) return null;
    return { began, keys: new Set(looked.filter((key) => typeof key === "string")) };
  } catch {
    return null;
  }
}

export function writeLooks(file: string | null, { began, keys }: Looks): void {
  if (file === null) return;
  try {
    makeDirectory(dirname(file), 0o700);
    const text = JSON.stringify({ began, looked: [...keys].slice(-MOST) });
    writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // A read-only home. The next dashboard counts the same again.
  }
}

/** Failures, and successes among which the odd ones are sought. */
const ENDS_MOST = 100;

/** The newest failures and odd successes that ended since the person looked. */
export async function newEnds(
  client: Pick<Client, "list">,
  looks: Looks,
  now: number,
  signal?: AbortSignal,
): Promise<Operation[]> {
  const since = newSince(looks, now);
  if (since > now) return [];
  const query = { finishedSince: new Date(since).toISOString(), parent: "none", limit: ENDS_MOST };
  const ends = (state: "failed" | "succeeded") => client.list({ ...query, state: [state] }, signal);
  const pages = await Promise.all([ends("failed"), ends("succeeded")]);
  return pages
    .flatMap(({ operations }) => operations)
    .filter(({ state, odd = [] }) => state === "failed" || odd.length > 0);
}
