/**
 * One connection to a remote daemon: an ssh process whose stdin and stdout are a stream to the
 * daemon's socket.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex } from "node:stream";
import { UnreachableError } from "../../client/errors.js";
import { type SshAddress, sshWords } from "./address.js";
import { endedEarly, noSsh, refusedThere, tooSlow, unreadable } from "./errors.js";
import { HelloReader } from "./hello.js";
import { option, remoteCommand, type SshSetup, sshLine } from "./ssh.js";

/** Bytes of stderr that an error quotes at most. */
const MAX_STDERR = 4096;

export interface Dial {
  address: SshAddress;
  setup: SshSetup;
  env: Record<string, string | undefined>;
  /** Gets stderr while the person may be asked on the terminal; null: nobody is asked. */
  prompts: ((text: string) => void) | null;
  /** Whether the host may start the daemon. */
  starts: boolean;
  /** Milliseconds until the daemon must be reached; not while the person may be asked. */
  timeout: number;
}

/** The parts of net.Socket that node:http uses, for the streams of a process. */
export class Tunnel extends Duplex {
  #idle: { ms: number; timer: NodeJS.Timeout } | null = null;
  stderr = "";

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    super({ allowHalfOpen: true });
    child.stdout.on("end", () => this.push(null));
    child.stdout.on("error", (error) => this.destroy(error));
    child.stdin.on("error", (error) => this.destroy(error));
    child.on("exit", () => {
      // A process that ended reads nothing. Its output stays readable.
      child.stdin.destroy();
    });
  }

  /** Begins to pass on the daemon's bytes. */
  begin(rest: Buffer): void {
    const { stdout } = this.child;
    if (rest.length > 0) this.push(rest);
    stdout.on("data", (chunk: Buffer) => {
      this.#touch();
      if (!this.push(chunk)) stdout.pause();
    });
    stdout.resume();
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#touch();
    this.child.stdin.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.child.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#idle) clearTimeout(this.#idle.timer);
    end(this.child);
    done(error);
  }

  setTimeout(ms: number, onTimeout?: () => void): this {
    if (this.#idle) clearTimeout(this.#idle.timer);
    this.#idle = ms > 0 ? { ms, timer: setTimeout(() => this.emit("timeout"), ms).unref() } : null;
    if (onTimeout) this.once("timeout", onTimeout);
    return this;
  }

  #touch(): void {
    this.#idle?.timer.refresh();
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    for (const each of handles(this.child)) each.ref?.();
    return this;
  }

  unref(): this {
    for (const each of handles(this.child)) each.unref?.();
    return this;
  }
}

type Handle = { ref?(): void; unref?(): void };

function handles(child: ChildProcessWithoutNullStreams): Handle[] {
  return [child, child.stdin, child.stdout, child.stderr] as Handle[];
}

const running = new Set<ChildProcessWithoutNullStreams>();
/** Those that lead a process group of their own. */
const ownGroup = new WeakSet<ChildProcessWithoutNullStreams>();

function end(child: ChildProcessWithoutNullStreams): void {
  running.delete(child);
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  try {
    // Its group, where it has one: a shell that reads LIVEOPS_SSH_COMMAND passes no signal on.
    process.kill(ownGroup.has(child) ? -child.pid : child.pid, "SIGTERM");
  } catch {
    // It has just ended.
  }
}

let endsAtExit = true;

/**
 * Lets ssh finish what it has begun when this process ends: it opens a shared connection, then
 * finds its stdin closed.
 */
export function leaveConnections(): void {
  endsAtExit = false;
}

function endAll(): void {
  if (!endsAtExit) return;
  for (const child of running) end(child);
}

/** Connects to the daemon. @throws UnreachableError */
export async function dial({
  address,
  setup,
  env,
  prompts,
  starts,
  timeout,
}: Dial): Promise<Tunnel> {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const batch = setup.isOpenSsh && prompts === null ? option("BatchMode", "yes") : [];
  const words = [...batch, ...setup.options, ...sshWords(address, setup.isOpenSsh ? ["--"] : [])];
  const { file, args } = sshLine([...words, remoteCommand(address, env, starts)], env);
  // A session of its own: Ctrl-C ends the command, which ends ssh. A password is asked on the
  // session's terminal.
  const child = spawn(file, args, { env, stdio: "pipe", detached: prompts === null });
  if (running.size === 0) process.once("exit", endAll);
  running.add(child);
  if (prompts === null) ownGroup.add(child);
  const tunnel = new Tunnel(child);
  let isDialling = true;
  tunnel.on("error", () => {});
  child.once("exit", () => running.delete(child));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    tunnel.stderr = (tunnel.stderr + text).slice(-MAX_STDERR);
    // Once the daemon is reached, the terminal belongs to the command.
    if (isDialling) prompts?.(text);
  });
  return new Promise((resolve, reject) => {
    const reader = new HelloReader();
    const timer =
      prompts === null
        ? setTimeout(() => fail(tooSlow(address, timeout / 1000)), timeout)
        : undefined;
    const settle = () => {
      isDialling = false;
      clearTimeout(timer);
      child.stdout.off("data", onData);
      child.off("close", onClose);
      child.off("error", onError);
      child.on("error", () => {});
    };
    function fail(error: Error): void {
      settle();
      tunnel.destroy();
      reject(error);
    }
    function onData(chunk: Buffer): void {
      try {
        const greeting = reader.take(chunk);
        if (greeting === null) return;
        const { hello, rest } = greeting;
        if (hello.error !== null) throw refusedThere(address, hello.error);
        settle();
        tunnel.begin(rest);
        resolve(tunnel);
      } catch (error) {
        fail(error instanceof UnreachableError ? error : unreadable(address, error as Error));
      }
    }
    function onClose(code: number | null): void {
      fail(endedEarly(address, { code, stderr: tunnel.stderr, isShown: prompts !== null }));
    }
    function onError(error: Error): void {
      fail(noSsh(address, error));
    }
    child.stdout.on("data", onData);
    child.on("close", onClose);
    child.on("error", onError);
  });
}
