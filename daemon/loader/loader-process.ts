/**
 * One loader process, asked over IPC and ended when it hangs. Used by `loader.ts`, which replaces it when a file was
 * edited.
 */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openOwnFile } from "../../protocol/own-file.js";
import type { FromLoader, LoaderSetup, SkippedFile, ToLoader } from "./messages.js";

/** How long user code may take over loading, or over one set of parameters. */
const ANSWER_MS = 20_000;

type Ask = ToLoader extends infer T ? (T extends { call: number } ? Omit<T, "call"> : never) : never;

type Loaded = Extract<FromLoader, { type: "loaded" }>;

interface Waiting {
  resolve: (message: FromLoader) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** Its process ended under it. */
export class LoaderDied extends Error {
  override name = "LoaderDied";

  constructor(code: number | null, signal: NodeJS.Signals | null) {
    const how = signal ?? `exit code ${code}`;
    super(`the process that loads operation files ended (${how}): one of them ended it; see liveopsd logs`);
  }
}

export class LoaderProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  readonly loaded: Promise<Loaded>;
  dead = false;

  /** The file it began to load last: the one to blame where it hangs or dies. */
  loading: string | null = null;

  constructor(dirs: string[], skip: SkippedFile[], logFile: string) {
    const log = openOwnFile(logFile);
    this.#child = fork(
      fileURLToPath(new URL("./loader.js", import.meta.url)),
      [JSON.stringify({ dirs, skip } satisfies LoaderSetup)],
      {
        stdio: ["ignore", log, log, "ipc"],
        execArgv: ["--disable-warning=ExperimentalWarning"],
        env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
      },
    );
    this.loaded = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#hung("loading the operation types")), ANSWER_MS);
      this.#waiting.set(0, {
        resolve: (message) => resolve(message as Loaded),
        reject,
        timer,
      });
    });
    this.loaded.catch(() => {});
    closeSync(log);
    this.#child.on("message", (message: FromLoader) => {
      if (message.type === "loading") this.loading = message.file;
      else this.#settle("call" in message ? message.call : 0, message);
    });
    this.#child.on("exit", (code, signal) => {
      this.dead = true;
      this.#fail(new LoaderDied(code, signal));
    });
    this.#child.on("error", (error) => this.#fail(error));
  }

  ask(message: Ask): Promise<FromLoader> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#hung("reading the parameters")), ANSWER_MS);
      this.#waiting.set(call, { resolve, reject, timer });
      this.#child.send({ ...message, call }, (error) => {
        if (!error) return;
        const { exitCode, signalCode } = this.#child;
        this.#fail(this.dead ? new LoaderDied(exitCode, signalCode) : error);
      });
    });
  }

  stop(): void {
    this.dead = true;
    this.#child.kill("SIGKILL");
  }

  #hung(what: string): Error {
    this.stop();
    return new Error(
      `${what} took longer than ${ANSWER_MS / 1000} s: an operation file hangs; see liveopsd logs`,
    );
  }

  #settle(call: number, message: FromLoader): void {
    const waiting = this.#waiting.get(call);
    if (!waiting) return;
    this.#waiting.delete(call);
    clearTimeout(waiting.timer);
    waiting.resolve(message);
  }

  #fail(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}
