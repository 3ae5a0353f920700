/**
 * What the daemon knows of operation types: asks a loader process, and replaces it when a file was edited.
 */
import { Refusal } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/fact.js";
import { effectiveLimits } from "../../protocol/resource-limits.js";
import type { TypesReply } from "../../protocol/routes.js";
import { LoaderDied, LoaderProcess } from "./loader-process.js";
import type { FromLoader, PrepareAsk, ResolvedType, Unresolved } from "./messages.js";
import { namesIn, Sources } from "./sources.js";

export interface RefusedAsk {
  index: number;
  refusal: Refusal;
}

export class Loader {
  #process: LoaderProcess | null = null;
  #ready: Promise<LoaderProcess> | null = null;
  readonly #sources: Sources;
  /** The file that was being loaded when a loader died. */
  #suspect: string | null = null;
  /** Where each type was found last. */
  readonly #places = new Map<string, string>();
  /** Grows whenever files were loaded again. */
  version = 0;

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

  /** Where the type is and how it runs, or why there is no such type now. */
  async resolve(op: string): Promise<ResolvedType | Unresolved> {
    const types = await this.types();
    const type = types.ops.find((candidate) => candidate.op === op);
    if (!type) return { reason: this.#whyMissing(op, types) };
    this.#places.set(op, type.file);
    const { file, resumable, timeout, gracePeriod, retry } = type;
    const limits = effectiveLimits(type, undefined);
    return { file, policy: { resumable, timeout, gracePeriod, retry, ...(limits && { limits }) } };
  }

  /** All of them, or the first that its type does not accept or that names no type. */
  async prepare(asks: PrepareAsk[]): Promise<Submission[] | RefusedAsk> {
    let reply: FromLoader;
    try {
      const { ops } = await this.types();
      const known = asks.map((ask) => withoutParams(ask, ops)).filter((submission) => submission !== null);
      if (known.length === asks.length) return known;
      reply = await this.#ask(asks);
    } catch (error) {
      return { index: 0, refusal: typeFault(asks[0]?.op ?? "the type", error as Error) };
    }
    if (reply.type === "prepared") return reply.submissions;
    if (reply.type === "refused") return { index: reply.index, refusal: Refusal.fromProblem(reply.problem) };
    throw new Error(`the loader answered ${reply.type}`);
  }

  #whyMissing(op: string, { errors }: TypesReply): string {
    const place = this.#places.get(op);
    const known = errors.find(({ file }) => file === place);
    if (known) return `${known.file} does not load: ${known.message}`;
    const missing = `no file defines the operation type ${op} now`;
    const [first, ...more] = errors;
    if (!first) return `${missing}; liveops ops lists the types`;
    const others = more.length === 0 ? "" : `, nor do ${more.length} other files`;
    return `${missing}; ${first.file} does not load: ${first.message}${others}`;
  }

  /** Asked once more where it was killed meanwhile, by whomever: reading parameters changes nothing. */
  async #ask(asks: PrepareAsk[]): Promise<FromLoader> {
    const message = { type: "prepare", asks } as const;
    try {
      return await (await this.#current()).ask(message);
    } catch (error) {
      if (!(error instanceof LoaderDied)) throw error;
      return (await this.#current()).ask(message);
    }
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
    this.#ready = this.#load();
    return this.#ready;
  }

  /** Loads all files but those that would not let it; each of them is found out by trying, once until it is edited. */
  async #load(): Promise<LoaderProcess> {
    const skip = this.#sources.skipped();
    const fresh = new LoaderProcess(this.dirs, skip, this.logFile);
    this.#process = fresh;
    try {
      const { files, types, late } = await fresh.loaded;
      if (this.#process !== fresh) return fresh;
      this.#sources.loaded(files);
      this.version++;
      for (const { op, file } of types.ops) this.#places.set(op, file);
      for (const { file, message } of types.errors)
        if (late.includes(file)) this.#sources.skip(file, message);
      return fresh;
    } catch (error) {
      const file = fresh.loading;
      if (this.#process !== fresh || file === null || skip.some((skipped) => skipped.file === file))
        throw error;
      // One that was killed by someone else does not tell against the file it had just begun.
      if (error instanceof LoaderDied && this.#suspect !== file) this.#suspect = file;
      else this.#sources.skip(file, (error as Error).message);
      return this.#load();
    }
  }
}

/** What goes wrong in the loader is the operation files' doing, whatever was asked. */
function typeFault(op: string, error: Error): Refusal {
  return new Refusal(
    "LIVEOPS_TYPE_FAULT",
    `the parameters of ${op} could not be read: ${error.message}; liveops ops names the files that do not load`,
  );
}

/** Of a type without parameters and with fixed stages there is nothing to read, where none are given. */
function withoutParams({ op, input, rest }: PrepareAsk, types: TypesReply["ops"]): Submission | null {
  const { params = {}, set = [] } = input;
  if (Object.keys(params).length > 0 || set.length > 0) return null;
  const type = types.find((candidate) => candidate.op === op);
  if (!type || type.params !== null || type.stages === null) return null;
  const { id, label, cwd, chain, limits } = rest;
  const submission = { id, op, title: type.title, label, cwd, params: {}, stages: type.stages, chain };
  return limits ? { ...submission, limits } : submission;
}
