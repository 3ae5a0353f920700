/**
 * The socket: reachable only with mode 0600, taken over from a dead daemon, refused where another one lives.
 *
 * It is bound under a temporary name, its mode set, then renamed, so there is no moment at which others could connect.
 */
import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { FastifyInstance } from "fastify";
import { MAX_SOCKET_PATH } from "../protocol/places.js";
import { acquireLock, type KernelLock } from "./lock/kernel-lock.js";
import { ownDirectory, PlaceError } from "./store/directories.js";

const TEMPORARY = ".new";

export function checkSocketPath(socket: string): void {
  const length = Buffer.byteLength(socket + TEMPORARY);
  if (length <= MAX_SOCKET_PATH) return;
  throw new PlaceError(
    `the socket's path is too long for a Unix socket: ${socket} has ${Buffer.byteLength(socket)} bytes, ` +
      `${MAX_SOCKET_PATH - TEMPORARY.length} are possible; choose a shorter one with --socket`,
  );
}

/** The lock beside the socket: one daemon for each. Null where another one holds it. */
export function lockSocket(socket: string): KernelLock | null {
  const dir = dirname(socket);
  // A shared directory such as /tmp is the user's choice; one that we make is ours alone.
  if (statSync(dir, { throwIfNoEntry: false }) === undefined) ownDirectory(dir);
  else mkdirSync(dir, { recursive: true });
  return acquireLock(`${socket}.lock`);
}

export async function listen(app: FastifyInstance, socket: string): Promise<void> {
  const temporary = socket + TEMPORARY;
  rmSync(temporary, { force: true });
  const before = process.umask(0o177);
  try {
    await app.listen({ path: temporary });
  } finally {
    process.umask(before);
  }
  chmodSync(temporary, 0o600);
  renameSync(temporary, socket);
}
