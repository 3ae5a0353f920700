/**
 * One loader process: the files it has loaded so far, the questions sent to it over IPC, and whether a file blocks it.
 * It knows one set of files; `loader-processes.ts` decides which processes there are.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoadErrors } from "../../ops/loading/load-files.js";
import { LOAD_SECONDS, loadsTooLong } from "../../ops/loading/load-limit.js";
import { isUnchanged, type LoadedFile } from "../../ops/loading/type-files.js";
import { childEnvironment } from "../child-environment.js";
import type { FileResult, FromLoader, LoaderSetup, LocatedAsk, ToLoader } from "./messages.js";
import { readOutput } from "./output-lines.js";

/** A process that is silent for so long, in ms, is stuck. Questions about other files then go to another process. */
const STUCK_MS = 700;

/** How long a file may block the process while it is loaded, in ms. */
const LOAD_MS = LOAD_SECONDS * 1000;

/** How long user code may block the process, or take, while it reads one set of parameters, in ms. */
const ANSWER_MS = 20_000;

type Answer = Extract<FromLoader, { call: number }>;

interface Waiting {
  resolve: (message: Answer) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
  asks: LocatedAsk[];
}

/** The process ended before it answered. */
export class LoaderDied extends Error {
  override name = "LoaderDied";
}

/** The process is blocked by a file that the question does not concern. */
export class LoaderStuck extends Error {
  override name = "LoaderStuck";
}

interface LoaderProcessOptions {
  /** In the order in which they are loaded. */
  files: string[];
  /** Names of the daemon's own variables that operations get. */
  fromDaemon: readonly string[];
  /** Called for each line that operation files print. */
  onOutput: (line: string) => void;
  /** Whether the file is the author's, not part of the program. */
  isWatched: (file: string) => boolean;
  /** A file was loaded, or the process is stuck or dead. */
  onNews: (process: LoaderProcess) => void;
}

export class LoaderProcess {
  readonly files: ReadonlySet<string>;
  readonly results = new Map<string, FileResult>();
  faults: LoadErrors = [];
  isLoaded = false;
  isStuck = false;
  /** Why the process ended; null while it is alive. */
  death: Error | null = null;
  /** The process has sent a message: its program could be started. */
  isStarted = false;
  /** The file that is being loaded. */
  loading: string | null = null;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  /** All source files of the results, and the files whose results are stale. */
  readonly #sources = new Map<string, LoadedFile>();
  readonly #stale = new Set<string>();
  #answering: string | null = null;
  #calls = 0;
  #heardAt = performance.now();

  constructor(private readonly options: LoaderProcessOptions) {
    this.files = new Set(options.files);
    const { env, startOnly } = childEnvironment(process.env, options.fromDaemon);
    this.#child = fork(
      fileURLToPath(new URL("./loader.js", import.meta.url)),
      [JSON.stringify({ files: options.files, startOnly } satisfies LoaderSetup)],
      {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        execArgv: ["--disable-warning=ExperimentalWarning"],
        env: { ...env, NODE_EXTRA_CA_CERTS: undefined },
      },
    );
    readOutput(this.#child, options.onOutput);
    this.#child.on("message", (message: FromLoader) => this.#heard(message));
    this.#child.on("exit", (code, signal) => this.#ended(new LoaderDied(this.#howItEnded(code, signal))));
    this.#child.on("error", (error) => this.#child.pid === undefined && this.#ended(error));
  }

  get isDead(): boolean {
    return this.death !== null;
  }

  /** The process has files to load or questions to answer. */
  get isBusy(): boolean {
    return !this.isDead && (!this.isLoaded || this.#waiting.size > 0);
  }

  get isAsked(): boolean {
    return this.#waiting.size > 0;
  }

  /** The file whose code is running: its top level, or its reading of parameters. */
  get suspect(): string | null {
    if (!this.isLoaded) return this.#answering ?? this.loading;
    const [first] = this.#waiting.values();
    return first?.asks[0]?.file ?? null;
  }

  /** Whether the process still has to load the file, and no other file blocks it. */
  isToLoad(file: string): boolean {
    if (this.isDead || this.isLoaded || !this.files.has(file) || this.results.has(file)) return false;
    return !this.isStuck || this.suspect === file;
  }

  /** The result of the file; null if there is none, or the file was edited since. */
  result(file: string): FileResult | null {
    return this.#stale.has(file) ? null : (this.results.get(file) ?? null);
  }

  /** Finds the results whose files were edited since. */
  look(): void {
    this.#stale.clear();
    const changed = new Set<string>();
    for (const source of this.#sources.values()) if (!isUnchanged(source)) changed.add(source.file);
    if (changed.size === 0) return;
    for (const { file, sources } of this.results.values())
      if (sources.some((source) => changed.has(source.file))) this.#stale.add(file);
  }

  /**
   * @throws LoaderDied if the process ended before it answered
   * @throws LoaderStuck if another file blocks the process
   */
  ask(asks: LocatedAsk[]): Promise<Answer> {
    const call = ++this.#calls;
    if (!this.isBusy) this.#heardAt = performance.now();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#hung(false), ANSWER_MS);
      this.#waiting.set(call, { resolve, reject, timer, asks });
      this.#child.send({ call, type: "prepare", asks } satisfies ToLoader, (error) => {
        if (error) this.#ended(new LoaderDied(error.message));
      });
    });
  }

  /** Checks whether user code blocks the process. Called regularly while the process is busy. */
  check(): void {
    const silence = performance.now() - this.#heardAt;
    if (!this.isBusy || silence < STUCK_MS) return;
    const isLoading = !this.isLoaded && this.#answering === null;
    if (silence >= (isLoading ? LOAD_MS : ANSWER_MS)) this.#hung(isLoading);
    else if (this.isStarted && !this.isStuck) this.#setStuck();
  }

  stop(): void {
    this.#child.kill("SIGKILL");
    this.#ended(new LoaderDied("the loader was replaced"), false);
  }

  #setStuck(): void {
    this.isStuck = true;
    const { suspect } = this;
    for (const [call, waiting] of this.#waiting)
      if (waiting.asks.every(({ file }) => file !== suspect))
        this.#take(call)?.reject(new LoaderStuck(`${suspect} blocks the loader`));
    this.options.onNews(this);
  }

  #heard(message: FromLoader): void {
    this.#heardAt = performance.now();
    const isNews = this.isStuck || !this.isStarted || message.type === "file" || message.type === "loaded";
    this.isStarted = true;
    this.isStuck = false;
    if (message.type !== "alive") this.#answering = message.type === "answering" ? message.file : null;
    switch (message.type) {
      case "loading":
        this.loading = message.file;
        break;
      case "file":
        this.#add(message.result);
        break;
      case "loaded":
        this.isLoaded = true;
        this.faults = message.faults;
        break;
      case "prepared":
      case "refused":
        this.#take(message.call)?.resolve(message);
    }
    if (isNews) this.options.onNews(this);
  }

  #add(result: FileResult): void {
    if (this.loading === result.file) this.loading = null;
    this.results.set(result.file, result);
    for (const source of result.sources)
      if (this.options.isWatched(source.file)) this.#sources.set(source.file, source);
  }

  #hung(isLoading: boolean): void {
    this.#child.kill("SIGKILL");
    const seconds = ANSWER_MS / 1000;
    const why = isLoading
      ? loadsTooLong()
      : `reading the parameters took longer than ${seconds} s: an operation file hangs; see liveopsd logs`;
    this.#ended(new Error(why));
  }

  #howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal ?? `exit code ${code}`;
    if (!this.isStarted)
      return `the process that loads operation files could not start (${how}); see liveopsd logs`;
    return `the process that loads operation files ended (${how}): one of these files ended it; see liveopsd logs`;
  }

  #ended(death: Error, isNews = true): void {
    if (this.death) return;
    this.death = death;
    this.isStuck = false;
    for (const call of [...this.#waiting.keys()]) this.#take(call)?.reject(death);
    if (isNews) this.options.onNews(this);
  }

  #take(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (waiting) clearTimeout(waiting.timer);
    return waiting;
  }
}
