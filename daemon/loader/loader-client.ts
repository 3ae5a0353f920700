/**
 * Asks the loader process: one question at a time, with a time limit. Another process is started
 * when it has ended or its code is no longer that of the files.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { LOAD_SECONDS } from "../../ops/loading/type-files.js";
import { nodeEnvironment } from "../os/child-environment.js";
import type { Answer, Asked, FromLoader, LoaderSetup, Question, ToLoader } from "./messages.js";

/** How long one file may take to load, and a type to read parameters, in ms. */
const LIMIT_MS = LOAD_SECONDS * 1000;

/** Pause after a process that could not be started, in ms. */
export const REST_MS = 2000;

/** How long a process may take until it can be asked, in ms. */
const START_MS = 30_000;

/**
 * Characters that may wait for their newline. A line of the log has room for them, and for their
 * escapes.
 */
const MAX_LINE = 8 * 1024;

/**
 * Milliseconds a pipe is read after the child's end: a process that the child started may hold it
 * open forever.
 */
const LINGER_MS = 1000;

/** The process ended before it answered. */
class LoaderDied extends Error {
  override name = "LoaderDied";
}

interface LoaderProcessOptions {
  /** Names of the daemon's own variables that operations get. */
  fromDaemon: readonly string[];
  /** Called for each line that operation files print. */
  onOutput: (line: string) => void;
}

export class LoaderClient {
  #process: LoaderProcess | null = null;
  #failure: { error: Error; until: number } | null = null;
  #isStopped = false;
  /** The answer to the last question. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: LoaderProcessOptions) {}

  /** Why no process could be started just now. */
  get failure(): Error | null {
    return this.#failure && performance.now() < this.#failure.until ? this.#failure.error : null;
  }

  /** The next process loads the files anew. A question that is open is asked again there. */
  replace(): void {
    const old = this.#process;
    this.#process = null;
    old?.stop();
  }

  stop(): void {
    this.#isStopped = true;
    this.replace();
  }

  /**
   * One question after the other.
   *
   * @param late the error where the answer takes longer than the limit
   * @throws Error if the process could not start, ended twice or took longer than the limit
   */
  ask<Q extends Question>(question: Q, about: Asked<Q>, late: string): Promise<Answer<Q>> {
    const answer = this.#last.then(() => this.#ask({ question, about }, late)) as Promise<
      Answer<Q>
    >;
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #ask(message: ToLoader, late: string): Promise<unknown> {
    for (let deaths = 0; ; ) {
      const process = await this.#ready();
      try {
        return await process.ask(message, late);
      } catch (error) {
        if (this.#isStopped) throw error;
        if (this.#process !== process) continue;
        // A process that was killed from outside is no evidence against the file. Only a second
        // death is.
        if (!(error instanceof LoaderDied) || ++deaths > 1) throw error;
      }
    }
  }

  async #ready(): Promise<LoaderProcess> {
    for (;;) {
      if (this.#isStopped) throw new Error("the daemon is stopping");
      if (this.failure) throw this.failure;
      if (!this.#process || this.#process.isDead) this.#process = new LoaderProcess(this.options);
      const process = this.#process;
      try {
        await process.ready;
        return process;
      } catch (error) {
        if (this.#isStopped) throw error;
        if (this.#process === process)
          this.#failure = { error: error as Error, until: performance.now() + REST_MS };
      }
    }
  }
}

/** One process. */
class LoaderProcess {
  /** Resolves when the process can be asked. Rejects if it could not start. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #started = Promise.withResolvers<void>();
  #reply: PromiseWithResolvers<unknown> | null = null;
  #isStarted = false;
  #isDead = false;

  constructor({ fromDaemon, onOutput }: LoaderProcessOptions) {
    const { env, startOnly } = nodeEnvironment(process.env, fromDaemon);
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
    const timer = setTimeout(
      () => this.#end(startFailed(`no answer in ${START_MS / 1000} s`)),
      START_MS,
    );
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
   * Call when `ready` has resolved, and not before the last question is answered. The process is
   * killed where it takes longer than the limit.
   *
   * @throws LoaderDied if the process ended
   */
  async ask(message: ToLoader, late: string): Promise<unknown> {
    if (this.#isDead) throw new LoaderDied("the loader has ended");
    this.#reply = Promise.withResolvers();
    const timer = setTimeout(() => this.#end(new Error(late)), LIMIT_MS);
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
    if (message !== null) {
      this.#reply?.resolve(message.answer);
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
  return new Error(
    `the process that loads operation files could not start (${how}); see liveopsd logs`,
  );
}

/**
 * Calls back for each line of stdout and stderr; long lines come in pieces. The daemon writes the
 * log itself, so that the file keeps its bound whatever a child prints.
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
