/**
 * `liveops dial-stdio`: connects stdin and stdout to the daemon's socket, byte for byte. `--host ssh://…` runs it on the
 * other machine.
 */
import { connect, type Socket } from "node:net";
import { type Command, Option } from "commander";
import { isQueueFull, retryWhileQueueFull } from "../../protocol/client/deadline.js";
import { NoDaemonError } from "../../protocol/client/errors.js";
import { checkSocket, socketDenied } from "../../protocol/client/request.js";
import { findSocket, mayFind } from "../../protocol/command/find-daemon.js";
import {
  addCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
  reportTo,
  startCommand,
} from "../../protocol/command/options.js";
import { describeError } from "../../protocol/command/report.js";
import { formatHello } from "../../protocol/remote/hello.js";
import { VERSION } from "../../protocol/version.js";

/** Milliseconds to wait for room in the daemon's queue of connections. */
const QUEUE_MS = 10_000;

export function registerDialStdio(root: Command): void {
  addCommand(
    root,
    "dial-stdio",
    "Connect stdin and stdout to the daemon's socket (--host runs this over ssh)",
    ["liveops dial-stdio", "ssh box liveops dial-stdio"],
  )
    .addOption(
      new Option("--hello", "Print a line once the daemon is connected, or why it is not").hideHelp(),
    )
    .action(async (_options: unknown, command: Command) => {
      const options = allOptions<GlobalOptions & { hello?: boolean }>(command);
      let socket: Socket;
      try {
        socket = await dial(options);
      } catch (error) {
        if (!options.hello) throw error;
        const { lines, code } = describeError(error, reportTo(command.parent!));
        const [problem = ""] = lines;
        process.stdout.write(formatHello({ version: VERSION, error: { code, problem } }));
        process.exitCode = code;
        return;
      }
      if (options.hello) process.stdout.write(formatHello({ version: VERSION, error: null }));
      await tunnel(socket);
      // A terminal, or a pipe whose writer waits for us, would keep the process.
      process.stdin.destroy();
    });
}

/** @throws NoDaemonError, or Refusal for a socket that is not ours */
async function dial(options: GlobalOptions): Promise<Socket> {
  const { socket, stateDir, config } = commandPlaces(options);
  try {
    return await dialSocket(socket);
  } catch (error) {
    const finds = error instanceof NoDaemonError && mayFind(options, process.env, config);
    const found = finds ? await findSocket(stateDir) : null;
    if (found !== null) return dialSocket(found);
    throw error instanceof NoDaemonError
      ? new NoDaemonError(error.socket, error.reason, startCommand(options))
      : error;
  }
}

async function dialSocket(path: string): Promise<Socket> {
  checkSocket(path);
  try {
    return await retryWhileQueueFull(() => connected(path), performance.now() + QUEUE_MS);
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

/** Resolves when the daemon has ended its side, or nobody reads it. The end of stdin is passed on. */
function tunnel(socket: Socket): Promise<void> {
  const { stdin, stdout } = process;
  return new Promise((resolve) => {
    socket.on("close", () => resolve());
    socket.on("error", () => socket.destroy());
    stdin.on("error", () => socket.end());
    stdout.on("error", () => socket.destroy());
    socket.on("end", () => stdout.write("", () => socket.destroy()));
    stdin.pipe(socket);
    socket.pipe(stdout, { end: false });
  });
}
