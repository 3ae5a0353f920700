/**
 * The client of a command. Where no daemon answers on the socket of the command's environment, the
 * client asks on the socket that `liveopsd.json` in the state directory names: cron has no
 * `XDG_RUNTIME_DIR`, and a logout removes the runtime directory.
 */
import { setTimeout as delay } from "node:timers/promises";
import { StateRemovedError, UsageError } from "../failures.js";
import { directoryIdentity, isThere, ownerOf } from "../system/lock-owner.js";
import { isStateDirChosen, socketPathProblem } from "../system/places.js";
import { remoteOf } from "./address.js";
import { autostart } from "./autostart.js";
import { Client, type DaemonHints } from "./client.js";
import {
  type CommandPlaces,
  commandPlaces,
  type GlobalOptions,
  startCommand,
} from "./daemon-address.js";
import type { Deadlines } from "./deadline.js";
import { NoAnswerError, NoDaemonError, UnreachableError } from "./errors.js";

/**
 * How long a running daemon may take to make a removed socket again, in ms. The daemon looks twice
 * a second.
 */
const SOCKET_MS = 2000;
const PAUSE_MS = 50;

/** Limits of the question who answers on a socket, in ms. */
const ASK = { answer: 2000, request: 2000 };

/**
 * A client for the daemon that these options select.
 *
 * @throws UsageError for a socket path that is too long
 */
export async function daemonClient(
  options: GlobalOptions,
  deadlines: Partial<Deadlines> = {},
): Promise<Client> {
  return clientFor(await commandPlaces(options), options, deadlines);
}

/** As `daemonClient`, for places that were read before. */
export function clientFor(
  { socket, stateDir, config }: CommandPlaces,
  options: GlobalOptions,
  deadlines: Partial<Deadlines> = {},
  hints: Pick<DaemonHints, "whyGone" | "startDaemon"> = {},
): Client {
  const problem = options.remote === undefined ? socketPathProblem(socket) : null;
  if (problem !== null) throw new UsageError(problem);
  const finds = mayFind(options, process.env, config);
  const find = finds ? () => findSocket(stateDir) : undefined;
  return new Client(socket, deadlines, {
    findSocket: find,
    startCommand: startCommand(options),
    ...hints,
  });
}

/**
 * As `clientFor`, for a command that may wait for a lost daemon. Its requests and streams throw
 * `StateRemovedError` if the daemon is lost and the state directory is no longer that of the call.
 *
 * @param startDaemon where the first request finds no daemon. Default: none is started
 */
export function waitingClient(
  places: CommandPlaces,
  options: GlobalOptions,
  startDaemon: (() => Promise<void>) | null = null,
): Client {
  const { stateDir, config } = places;
  const isHere = options.remote === undefined;
  const isKnown =
    isHere && (mayFind(options, process.env, config) || options.stateDir !== undefined);
  const before = isKnown ? identityOf(stateDir) : undefined;
  const whyGone = () => {
    const now = before ? identityOf(stateDir) : before;
    return now === undefined || now === before ? null : new StateRemovedError(stateDir);
  };
  return clientFor(places, options, {}, { whyGone, startDaemon: startDaemon ?? undefined });
}

/**
 * Starts the daemon of these options; null if the command may not start it. A socket without a
 * state directory starts none: the socket may belong to another daemon.
 */
export function starterFor(
  places: CommandPlaces,
  options: GlobalOptions,
): (() => Promise<void>) | null {
  const remote = remoteOf(options.remote);
  // The configuration of the other machine decides.
  if (remote !== null) return () => remote.start();
  return mayFind(options, process.env, places.config) ? autostart(places, options) : null;
}

/**
 * Starts the daemon of the client, if none answers. A daemon that does not reply is left to the
 * next request.
 */
export async function startIfNone(client: Client, start: () => Promise<void>): Promise<void> {
  const isMissing = await client.daemon().then(
    () => false,
    (error) => error instanceof NoDaemonError,
  );
  if (!isMissing) return;
  await start().catch((error: unknown) => {
    // The other machine starts none by itself.
    if (!(error instanceof UnreachableError && error.kind === "no-daemon")) throw error;
  });
}

/** Null if the directory is missing; undefined if this cannot be found out. */
function identityOf(dir: string): string | null | undefined {
  try {
    return directoryIdentity(dir);
  } catch {
    return undefined;
  }
}

/**
 * Whether the daemon of the state directory may be used on another socket. Not for a socket that
 * was chosen without a state directory: its daemon may have any state directory.
 */
export function mayFind(
  options: GlobalOptions,
  env: Record<string, string | undefined>,
  config: CommandPlaces["config"],
): boolean {
  if (options.socket || options.remote) return false;
  return !env.LIVEOPS_SOCKET || isStateDirChosen(options, env, config);
}

/** The socket on which the daemon of the state directory answers; null if there is none. */
export async function findSocket(stateDir: string): Promise<string | null> {
  for (const end = performance.now() + SOCKET_MS; ; await delay(PAUSE_MS)) {
    const owner = ownerOf(stateDir);
    if (owner === null) return null;
    try {
      const { pid } = await new Client(owner.socket, ASK).daemon();
      // Another daemon may have the socket of one that was killed.
      if (pid === owner.pid) return owner.socket;
    } catch (error) {
      // The next request reports a daemon that does not reply.
      if (error instanceof NoAnswerError) return owner.socket;
      if (!(error instanceof NoDaemonError)) return null;
    }
    if (!isThere(owner) || performance.now() > end) return null;
  }
}
