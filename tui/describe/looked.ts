/**
 * Until when a person has looked at what ended: one time in the state directory, for each
 * dashboard, `liveops ls`, `liveops status`, `liveops show` and `liveops why`. What ended until
 * then is not new.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { remoteOf } from "../../protocol/client/address.js";
import type { Client } from "../../protocol/client/client.js";
import type { Operation } from "../../protocol/operation.js";
import { makeDirectory } from "../../protocol/system/directories.js";
import { newSince, waitOf } from "./waits.js";

/** That of a daemon of another machine has the address of the daemon in its name. */
export function lookedFile(stateDir: string, socket: string): string {
  const name = remoteOf(socket) === null ? "looked" : `looked-${encodeURIComponent(socket)}`;
  return join(stateDir, name);
}

/** In ms; null: nobody has looked yet. */
export function readLooked(file: string): number | null {
  try {
    return Date.parse(readFileSync(file, "utf8").trim()) || null;
  } catch {
    return null;
  }
}

/** A look at what ended earlier changes nothing. */
export function writeLooked(file: string, until: number): void {
  if (until <= (readLooked(file) ?? 0)) return;
  try {
    makeDirectory(dirname(file), 0o700);
    const own = `${file}.${process.pid}`;
    writeFileSync(own, `${new Date(until).toISOString()}\n`, { mode: 0o600 });
    renameSync(own, file);
  } catch {
    // A read-only directory. The next dashboard counts the same again.
  }
}

/**
 * Records that a person has looked at the end of the operation. The first dashboard records the
 * first look.
 */
export function lookAt(stateDir: string, socket: string, operation: Operation): void {
  const file = lookedFile(stateDir, socket);
  if (readLooked(file) === null || operation.finishedAt === null) return;
  if (waitOf(operation) !== null) writeLooked(file, Date.parse(operation.finishedAt));
}

/** Most failures, and most successes, that are read. */
const ENDS_MOST = 100;

/** The newest operations that failed or succeeded since the person looked. */
export async function newEnds(
  client: Pick<Client, "list">,
  looked: number | null,
  now: number,
  signal?: AbortSignal,
): Promise<Operation[]> {
  if (looked === null) return [];
  const finishedSince = new Date(newSince(looked, now)).toISOString();
  const query = { finishedSince, parent: "none", limit: ENDS_MOST };
  const ends = (state: "failed" | "succeeded") => client.list({ ...query, state: [state] }, signal);
  const pages = await Promise.all([ends("failed"), ends("succeeded")]);
  return pages.flatMap(({ operations }) => operations);
}
