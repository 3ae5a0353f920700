/**
 * The daemon's side of the loader: starts it, asks it, replaces it when a file was edited, ends it when it hangs.
 */
import { type ChildProcess, fork } from "node:child_process";
import { openSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LoadedFile } from "../../ops/api/user-code.js";
import { Refusal } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/fact.js";
import type { TypesReply } from "../../protocol/routes.js";
import type { FromLoader, PrepareInput, ResolvedType, ToLoader } from "./messages.js";

/** How long user code may take over loading, or over one set of parameters. */
const ANSWER_MS = 20_000;

type Ask = ToLoader extends infer T ? (T extends { call: number } ? Omit<T, "call"> : never) : never;

interface Waiting {
  resolve: (message: FromLoader) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

class LoaderProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  readonly loaded: Promise<{ types: TypesReply; files: LoadedFile[] }>;
  dead = false;

  constructor(dirs: string[], logFile: string) {
    const log = openSync(logFile, "a", 0o600);
    this.#child = fork(fileURLToPath(new URL("./loader.js", import.meta.url)), [JSON.stringify({ dirs })], {
      stdio: ["ignore", log, log, "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning"],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
    });
    this.loaded = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#hung("loading the operation types")), ANSWER_MS);
      this.#waiting.set(0, {
        resolve: (message) => resolve(message as Extract<FromLoader, { type: "loaded" }>),
        reject,
        timer,
      });
    });
    this.loaded.catch(() => {});
    this.#child.on("message", (message: FromLoader) =>
      this.#settle("call" in message ? message.call : 0, message),
    );
    this.#child.on("exit", (code, signal) => {
      this.dead = true;
      this.#fail(
        new Error(
          `the loader ended (${signal ?? `exit code ${code}`}): an operation file ended it; see liveopsd logs`,
        ),
      );
    });
    this.#child.on("error", (error) => this.#fail(error));
  }

  ask(message: Ask): Promise<FromLoader> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#hung("reading the parameters")), ANSWER_MS);
      this.#waiting.set(call, { resolve, reject, timer });
      this.#child.send({ ...message, call }, (error) => error && this.#fail(error));
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

export class Loader {
  #process: LoaderProcess | null = null;
  #files: LoadedFile[] = [];
  #listing = "";

  constructor(
    readonly dirs: string[],
    private readonly logFile: string,
  ) {}

  /** Begins to load, so that the first submit does not wait for it. */
  start(): void {
    void this.#current().catch(() => {});
  }

  stop(): void {
    this.#process?.stop();
    this.#process = null;
  }

  async types(): Promise<TypesReply> {
    const current = await this.#current();
    return (await current.loaded).types;
  }

  /** Whether any directory beside the shipped ones holds a file. */
  hasUserCode(shipped: readonly string[]): boolean {
    return this.dirs.some((dir) => !shipped.includes(dir) && namesIn(dir).length > 0);
  }

  /** Where the type is and how it runs, or null where no file defines it now. */
  async resolve(op: string): Promise<ResolvedType | null> {
    const type = (await this.types()).ops.find((candidate) => candidate.op === op);
    if (!type) return null;
    const { file, resumable, timeout, gracePeriod } = type;
    return { file, policy: { resumable, timeout, gracePeriod } };
  }

  /** @throws Refusal for what the type does not accept, or has no such name. */
  async prepare(
    op: string,
    input: PrepareInput,
    rest: Pick<Submission, "id" | "label" | "cwd" | "chain">,
  ): Promise<Submission> {
    let reply: FromLoader;
    try {
      const current = await this.#current();
      reply = await current.ask({ type: "prepare", op, input, rest });
    } catch (error) {
      throw new Refusal("LIVEOPS_PARAMS_INVALID", (error as Error).message);
    }
    if (reply.type === "prepared") return reply.submission;
    if (reply.type === "refused") throw Refusal.fromProblem(reply.problem);
    throw new Error(`the loader answered ${reply.type}`);
  }

  /** The loader that has read the files as they are now. */
  async #current(): Promise<LoaderProcess> {
    const listing = this.dirs.map((dir) => `${dir}:${namesIn(dir).join(",")}`).join("\n");
    const current = this.#process;
    if (current && !current.dead && listing === this.#listing && this.#files.every(isUnchanged)) {
      await current.loaded;
      return current;
    }
    this.#process?.stop();
    this.#listing = listing;
    this.#files = [];
    const fresh = new LoaderProcess(this.dirs, this.logFile);
    this.#process = fresh;
    const { files } = await fresh.loaded;
    if (this.#process === fresh) this.#files = files;
    return fresh;
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

function isUnchanged({ file, mtimeMs, size }: LoadedFile): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.mtimeMs === mtimeMs && stat.size === size;
}
