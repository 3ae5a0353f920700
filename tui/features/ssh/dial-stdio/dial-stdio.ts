/**
 * Connects stdin and stdout to the daemon's socket, byte for byte: the other end of `--host
 * ssh://…`.
 */
import { connect, type Socket } from "node:net";
import {
  commandPlaces,
  type GlobalOptions,
  startCommand,
} from "../../../../protocol/client/daemon-address.js";
import { isQueueFull, retryWhileQueueFull } from "../../../../protocol/client/deadline.js";
import { NoDaemonError } from "../../../../protocol/client/errors.js";
import { findSocket, mayFind, starterFor } from "../../../../protocol/client/find-daemon.js";
import { checkSocket, socketDenied } from "../../../../protocol/client/request.js";
import { elapsedMs } from "../../../../protocol/system/elapsed.js";

/** Milliseconds to wait for room in the daemon's queue of connections. */
const QUEUE_MS = 10_000;

/**
 * @param starts - start the daemon where none answers, as `autostart` of the config file says
 * @throws NoDaemonError; Refusal for a socket that is not ours
 */
export async function dialDaemon(options: GlobalOptions, starts = false): Promise<Socket> {
  const places = await commandPlaces(options);
  const { socket, stateDir, config } = places;
  try {
    return await dial(socket);
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    const found = mayFind(options, process.env, config) ? await findSocket(stateDir) : null;
    if (found !== null) return dial(found);
    const start = starts ? starterFor(places, options) : null;
    if (start !== null) {
      await start();
      return dial((await findSocket(stateDir)) ?? socket);
    }
    throw new NoDaemonError(error.socket, error.reason, startCommand(options));
  }
}

async function dial(path: string): Promise<Socket> {
  checkSocket(path);
  try {
    return await retryWhileQueueFull(() => connected(path), elapsedMs() + QUEUE_MS);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") throw socketDenied(path);
    throw new NoDaemonError(
      path,
      isQueueFull(error) ? "its queue of connections is full" : (code ?? message),
    );
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/**
 * Passes bytes both ways, and the end of stdin to the daemon. Resolves when the daemon has ended
 * its side, or nobody reads stdout.
 *
 * @returns whether the daemon ended its side itself
 */
export async function passBytes(socket: Socket): Promise<boolean> {
  const { stdin, stdout } = process;
  const isWhole = await new Promise<boolean>((resolve) => {
    socket.on("end", () => stdout.write("", () => resolve(true)));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(socket.readableEnded));
    stdout.on("error", () => resolve(true));
    stdin.on("error", () => socket.end());
    stdin.pipe(socket);
    socket.pipe(stdout, { end: false });
  });
  socket.destroy();
  // A writer that waits would keep the process.
  stdin.destroy();
  return isWhole;
}
