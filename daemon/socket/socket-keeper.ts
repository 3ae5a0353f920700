/**
 * Keeps the daemon reachable while it runs. A removed socket, or its directory, is made again.
 * Where that fails (a logout removed `/run/user/<uid>`), the daemon also listens in the state
 * directory until the socket is back. `liveopsd.json` always names a socket on which the daemon
 * answers.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { socketPathProblem } from "../../protocol/system/places.js";
import type { Log } from "../log/log.js";
import type { Settings } from "../settings.js";
import type { Layout } from "../store/layout.js";
import { removeLockOwner, writeLockOwner } from "../store/lock-owner.js";
import { DaemonSocket, SocketTakenError } from "./listen.js";

interface SocketKeeperOptions {
  socket: DaemonSocket;
  layout: Layout;
  settings: Settings;
  log: Log;
  /** Another daemon has the socket now. */
  onTaken: (error: SocketTakenError) => void;
}

export class SocketKeeper {
  /** Why the socket cannot be made, in words; null while it is there. */
  problem: string | null = null;
  #app: FastifyInstance | null = null;
  #second: DaemonSocket | null = null;
  #isLooking = false;

  constructor(private readonly options: SocketKeeperOptions) {}

  /** A socket on which the daemon answers. */
  get path(): string {
    return (this.#second ?? this.options.socket).path;
  }

  async listen(app: FastifyInstance): Promise<void> {
    await this.options.socket.listen(app);
    this.#app = app;
  }

  /** Makes again what was removed. Called twice a second. */
  async look(): Promise<void> {
    if (this.#app === null || this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#keep(this.#app);
      if (this.#app !== null && !existsSync(this.options.layout.lockOwner)) this.#nameOwner();
    } finally {
      this.#isLooking = false;
    }
  }

  /** Removes the sockets, their locks and the file that names them. */
  close(): void {
    this.#app = null;
    this.#closeSecond();
    this.options.socket.remove();
    removeLockOwner(this.options.layout);
  }

  async #keep(app: FastifyInstance): Promise<void> {
    const { socket, log, onTaken } = this.options;
    try {
      if (await socket.keep())
        log.warn(
          { socket: socket.path },
          "the socket or its lock file was removed; it was recreated",
        );
      this.problem = null;
      if (this.#second !== null) this.#leaveSecond();
    } catch (error) {
      if (error instanceof SocketTakenError) return onTaken(error);
      const problem = `the socket ${socket.path} was removed and cannot be recreated: ${(error as Error).message}`;
      // The next look tries again; the same problem is logged once.
      if (problem !== this.problem) log.error(problem);
      this.problem = problem;
      await this.#listenInStateDir(app);
    }
  }

  async #listenInStateDir(app: FastifyInstance): Promise<void> {
    const { socket, layout, log } = this.options;
    const path = join(layout.root, "liveopsd.sock");
    if (path === socket.path || socketPathProblem(path) !== null) return;
    try {
      if (this.#second !== null) return void (await this.#second.keep());
      const second = DaemonSocket.take(path);
      if (second === null) return;
      await second.listenToo(app);
      // The daemon may have stopped meanwhile.
      if (this.#app === null) return second.remove();
      this.#second = second;
      this.#nameOwner();
      log.warn({ socket: path }, "the daemon answers on a socket in the state directory");
    } catch (error) {
      log.error({ err: error, socket: path }, "no socket can be made in the state directory");
    }
  }

  #leaveSecond(): void {
    this.#closeSecond();
    this.#nameOwner();
  }

  #nameOwner(): void {
    writeLockOwner(this.options.layout, this.options.settings, this.path);
  }

  #closeSecond(): void {
    this.#second?.remove();
    this.#second?.release();
    this.#second = null;
  }
}
