/** The loader process, as the daemon sees it: one question at a time, with a time limit. */
import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "../os/child-environment.js";
import type { FromLoader, LoaderReply, LoaderSetup, ToLoader } from "./messages.js";

/** How long a process may take until it can be asked, in ms. */
const START_MS = 30_000;

/** Characters that may wait for their newline. A line of the log has room for them, and for their escapes. */
const MAX_LINE = 8 * 1024;

/** Milliseconds a pipe is read after the child's end: a process that the child started may hold it open forever. */
const LINGER_MS = 1000;

/** The process ended before it answered. */
export class LoaderDied extends Error {
  override name = "LoaderDied";
}

export interface LoaderProcessOptions {
  /** Names of the daemon's own variables that operations get. */
  fromDaemon: readonly string[];
  /** Called for each line that operation files print. */
  onOutput: (line: string) => void;
}

export class LoaderProcess {
  /** Resolves when the process can be asked. Rejects if it could not start. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #started = Promise.withResolvers<void>();
  #reply: PromiseWithResolvers<LoaderReply> | null = null;
  #isStarted = false;
  #isDead = false;

  constructor({ fromDaemon, onOutput }: LoaderProcessOptions) {
    const { env, startOnly } = childEnvironment(process.env, fromDaemon);
    this.#child = fork(
      fileURLToPath(new URL("./loader.js", import.meta.url)),
      [JSON.stringify({ startOnly } satisfies LoaderSetup)],
      {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        execArgv: ["--disable-warning=ExperimentalWarning"],
        env: { ...env, NODE_EXTRA_CA_CERTS: undefined },
      },
    );
    readOutput(this.#child, onOutput);
    const timer = setTimeout(() => this.#end(startFailed(`no answer in ${START_MS / 1000} s`)), START_MS);
    this.ready = this.#started.promise.finally(() => clearTimeout(timer));
    this.ready.catch(() => {});
    this.#child.on("message", (message: FromLoader) => this.#heard(message));
    this.#child.on("exit", (code, signal) => this.#end(this.#died(signal ?? `exit code ${code}`)));
    this.#child.on("error", (error) => this.#child.pid === undefined && this.#end(error));
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /**
   * Call when `ready` has resolved, and not before the last question is answered.
   *
   * @param limit in ms; the process is killed after that time
   * @throws LoaderDied if the process ended
   */
  async ask(message: ToLoader, limit: number, late: string): Promise<LoaderReply> {
    if (this.#isDead) throw new LoaderDied("the loader has ended");
    this.#reply = Promise.withResolvers();
    const timer = setTimeout(() => this.#end(new Error(late)), limit);
    this.#child.send(message, (error) => error && this.#end(new LoaderDied(error.message)));
    try {
      return await this.#reply.promise;
    } finally {
      clearTimeout(timer);
      this.#reply = null;
    }
  }

  stop(): void {
    this.#end(new LoaderDied("the loader was replaced"));
  }

  #heard(message: FromLoader): void {
    if (message.type !== "ready") {
      this.#reply?.resolve(message);
      return;
    }
    this.#isStarted = true;
    this.#started.resolve();
  }

  #died(how: string): Error {
    if (!this.#isStarted) return startFailed(how);
    return new LoaderDied(
      `the process that loads operation files ended (${how}): one of these files ended it; see liveopsd logs`,
    );
  }

  #end(reason: Error): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#child.kill("SIGKILL");
    this.#started.reject(reason);
    this.#reply?.reject(reason);
  }
}

function startFailed(how: string): Error {
  return new Error(`the process that loads operation files could not start (${how}); see liveopsd logs`);
}

/**
 * Calls back for each line of stdout and stderr; long lines come in pieces. The daemon writes the log itself, so that
 * the file keeps its bound whatever a child prints.
 */
function readOutput(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr] as Array<Socket | null>) {
    if (!stream) continue;
    let rest = "";
    const flush = () => {
      if (rest !== "") onLine(rest);
      rest = "";
    };
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      if (rest.length > MAX_LINE) flush();
    });
    stream.on("error", () => {});
    stream.on("close", flush);
    child.once("exit", () => {
      stream.unref();
      setTimeout(() => stream.destroy(), LINGER_MS).unref();
    });
  }
}
