/**
 * What the daemon knows of operation types: asks a loader process, and replaces it when a file was edited.
 */
import { Refusal } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/fact.js";
import type { TypesReply } from "../../protocol/routes.js";
import { LoaderProcess } from "./loader-process.js";
import type { FromLoader, PrepareAsk, ResolvedType, SkippedFile } from "./messages.js";
import { namesIn, Sources } from "./sources.js";

export interface RefusedAsk {
  index: number;
  refusal: Refusal;
}

export class Loader {
  #process: LoaderProcess | null = null;
  #ready: Promise<LoaderProcess> | null = null;
  readonly #sources: Sources;

  constructor(
    readonly dirs: string[],
    private readonly logFile: string,
  ) {
    this.#sources = new Sources(dirs);
  }

  /** Begins to load, so that the first submit does not wait for it. */
  start(): void {
    void this.#current().catch(() => {});
  }

  stop(): void {
    this.#process?.stop();
    this.#process = null;
    this.#ready = null;
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
    const { file, resumable, timeout, gracePeriod, retry } = type;
    return { file, policy: { resumable, timeout, gracePeriod, retry } };
  }

  /** All of them, or the first that its type does not accept or that names no type. */
  async prepare(asks: PrepareAsk[]): Promise<Submission[] | RefusedAsk> {
    let reply: FromLoader;
    try {
      const current = await this.#current();
      reply = await current.ask({ type: "prepare", asks });
    } catch (error) {
      return { index: 0, refusal: new Refusal("LIVEOPS_PARAMS_INVALID", (error as Error).message) };
    }
    if (reply.type === "prepared") return reply.submissions;
    if (reply.type === "refused") return { index: reply.index, refusal: Refusal.fromProblem(reply.problem) };
    throw new Error(`the loader answered ${reply.type}`);
  }

  /** The loader that has read the files as they are now. */
  async #current(): Promise<LoaderProcess> {
    const ready = this.#ready;
    if (ready && this.#sources.areUnchanged()) {
      const process = await ready.catch(() => null);
      if (process && !process.dead) return process;
      // Another caller may have replaced it while we waited.
      if (this.#ready && this.#ready !== ready) return this.#ready;
    }
    this.#process?.stop();
    this.#sources.begin();
    this.#ready = this.#load([]);
    return this.#ready;
  }

  /** Loads all files but those that would not let it; each of them is found out by trying. */
  async #load(skip: SkippedFile[]): Promise<LoaderProcess> {
    const fresh = new LoaderProcess(this.dirs, skip, this.logFile);
    this.#process = fresh;
    try {
      const { files } = await fresh.loaded;
      if (this.#process === fresh)
        this.#sources.loaded(
          files,
          skip.map(({ file }) => file),
        );
      return fresh;
    } catch (error) {
      const file = fresh.loading;
      if (this.#process !== fresh || file === null || skip.some((skipped) => skipped.file === file))
        throw error;
      return this.#load([...skip, { file, message: (error as Error).message }]);
    }
  }
}
