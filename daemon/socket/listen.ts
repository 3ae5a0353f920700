/**
 * The socket: mode 0600, taken over from a dead daemon, refused where another daemon runs.
 *
 * The socket is bound under a temporary name, its mode is set, then it is renamed: at no moment can
 * others connect. Where the socket, its lock or their directory is removed, the daemon recreates
 * them.
 */
import { chmodSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import type { FastifyInstance } from "fastify";
import { ownerProblem, pathProblem } from "../../protocol/system/owned-path.js";
import { socketPathProblem, UNBOUND_SOCKET } from "../../protocol/system/places.js";
import { type FileIdentity, identityOf, isFile } from "../os/file-identity.js";
import { acquireLock, type KernelLock } from "../os/kernel-lock.js";
import { ownDirectory, PlaceError } from "../store/directories.js";

export function checkSocketPath(socket: string): void {
  const problem = socketPathProblem(socket);
  if (problem !== null) throw new PlaceError(problem);
}

/** The socket of a daemon and the lock file next to it: one daemon for each socket. */
export class DaemonSocket {
  readonly lockFile: string;
  #identity: FileIdentity | null = null;
  #app: FastifyInstance | null = null;
  /** Servers of recreated sockets. */
  readonly #servers: Server[] = [];
  #isMaking = false;

  private constructor(
    readonly path: string,
    private lock: KernelLock,
  ) {
    this.lockFile = lockFileOf(path);
  }

  /** Null where another daemon has the socket. */
  static take(path: string): DaemonSocket | null {
    const lock = lockSocket(path);
    return lock && new DaemonSocket(path, lock);
  }

  async listen(app: FastifyInstance): Promise<void> {
    await this.#bind(async (path) => {
      // Fastify binds later; nothing else creates files before the daemon answers.
      const restore = narrowUmask();
      // The temporary path is of no use in the log.
      await app
        .listen({ path, listenTextResolver: () => "the HTTP server listens" })
        .finally(restore);
    });
    this.#app = app;
  }

  /** Listens where the app listens on another socket already. */
  async listenToo(app: FastifyInstance): Promise<void> {
    await this.#listenAgain(app);
    this.#app = app;
  }

  /**
   * Recreates the socket and its lock where they were removed.
   *
   * @returns whether anything was recreated
   * @throws SocketTakenError where another daemon took the socket; the system's error where it
   *   cannot be created
   */
  async keep(): Promise<boolean> {
    if (this.#isMaking || this.#app === null) return false;
    const isLocked = isFile(this.lockFile, this.lock.identity);
    if (isLocked && this.#identity !== null && isFile(this.path, this.#identity)) return false;
    this.#isMaking = true;
    try {
      if (!isLocked) this.#lockAgain();
      if (this.#identity === null || !isFile(this.path, this.#identity))
        await this.#listenAgain(this.#app);
      return true;
    } finally {
      this.#isMaking = false;
    }
  }

  /** Removes the socket, where it is this daemon's. */
  remove(): void {
    for (const server of this.#servers) server.close();
    this.#app = null;
    if (this.#identity !== null && isFile(this.path, this.#identity))
      rmSync(this.path, { force: true });
  }

  /**
   * Frees the path. The lock's file is removed while it is locked: who waits for it makes another.
   */
  release(): void {
    if (isFile(this.lockFile, this.lock.identity)) rmSync(this.lockFile, { force: true });
    this.lock.release();
  }

  #lockAgain(): void {
    const lock = lockSocket(this.path);
    if (lock === null) throw new SocketTakenError(`another daemon took the socket ${this.path}`);
    this.lock.release();
    this.lock = lock;
  }

  async #listenAgain(app: FastifyInstance): Promise<void> {
    // A server cannot listen twice, so a second server hands its connections to the first.
    const server = createServer({ allowHalfOpen: true }, (connection) =>
      app.server.emit("connection", connection),
    );
    this.#servers.push(server);
    await this.#bind(
      (path) =>
        new Promise<void>((resolve, reject) => {
          server.once("error", reject);
          // `listen` binds before it returns: a worker that is forked later must not inherit the
          // umask.
          const restore = narrowUmask();
          server.listen({ path }, resolve);
          restore();
        }),
    );
  }

  async #bind(listen: (path: string) => Promise<void>): Promise<void> {
    const temporary = this.path + UNBOUND_SOCKET;
    rmSync(temporary, { force: true });
    await listen(temporary);
    chmodSync(temporary, 0o600);
    renameSync(temporary, this.path);
    this.#identity = identityOf(this.path);
  }
}

/** Another daemon took this daemon's socket. */
export class SocketTakenError extends Error {
  override name = "SocketTakenError";
}

/** New files are accessible to this user only, until the returned function is called. */
function narrowUmask(): () => void {
  const before = process.umask(0o177);
  return () => void process.umask(before);
}

function lockFileOf(socket: string): string {
  return `${socket}.lock`;
}

function lockSocket(socket: string): KernelLock | null {
  const problem = pathProblem(socket, ownerProblem);
  if (problem !== null) throw new PlaceError(`${problem}; choose another socket with --socket`);
  const dir = dirname(socket);
  // A shared directory with the sticky bit, such as /tmp, is the user's choice; a directory created
  // here is private.
  if (statSync(dir, { throwIfNoEntry: false }) === undefined) ownDirectory(dir);
  return acquireLock(lockFileOf(socket));
}
