/** Asks the loader process, and starts another one when it has ended or its code is no longer that of the files. */
import { LOAD_SECONDS } from "../../ops/loading/type-files.js";
import { LoaderDied, LoaderProcess, type LoaderProcessOptions } from "./loader-process.js";
import type { LoaderReply, ToLoader } from "./messages.js";

/** How long one file may take to load, and a type to read parameters, in ms. */
const LIMIT_MS = LOAD_SECONDS * 1000;

/** Pause after a process that could not be started, in ms. */
const REST_MS = 2000;

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
  ask(message: ToLoader, late: string): Promise<LoaderReply> {
    const answer = this.#last.then(() => this.#ask(message, late));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #ask(message: ToLoader, late: string): Promise<LoaderReply> {
    for (let deaths = 0; ; ) {
      const process = await this.#ready();
      try {
        return await process.ask(message, LIMIT_MS, late);
      } catch (error) {
        if (this.#isStopped) throw error;
        if (this.#process !== process) continue;
        // A process that was killed from outside is no evidence against the file. Only a second death is.
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
