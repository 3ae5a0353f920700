/**
 * What the daemon knows of operation types. One process loads the operation files in their order,
 * each within a time limit, and reads parameters. It is replaced when a file that it knows was
 * edited; the results of unchanged files stay.
 */
import {
  LOAD_SECONDS,
  type LoadedFile,
  loadedFile,
  loadsTooLong,
} from "../../ops/loading/type-files.js";
import { whyTypeMissing } from "../../ops/loading/type-names.js";
import type { Prepared } from "../../ops/types/prepare.js";
import { Refusal } from "../../protocol/errors.js";
import type { KeptText } from "../../protocol/pipeline/kept-text.js";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import { saidBy, unusualIn } from "../../protocol/submit-fields.js";
import { unknownType } from "../../protocol/text/unknown-name.js";
import type { Policy } from "../store/decision.js";
import { LoaderClient, REST_MS } from "./loader-client.js";
import type {
  LoadedOperationType,
  LocatedAsk,
  PrepareAsk,
  ResolvedType,
  StageOutputs,
  Unresolved,
} from "./messages.js";
import { isUsers, namesIn, OperationFiles } from "./operation-files.js";

const LATE = `reading the pipeline did not finish within ${LOAD_SECONDS} s`;

export interface RefusedAsk {
  index: number;
  refusal: Refusal;
}

/** What submits, retries and lists ask of the operation types. */
export interface Types {
  /** All types, once every file is loaded. */
  types(): Promise<TypesReply>;
  /** Whether a file of this host stands for the type and does not load. */
  isBroken(op: string): boolean;
  /**
   * Where the type is and how it runs, or why there is no such type now, once its file is loaded.
   */
  resolve(op: string): Promise<ResolvedType | Unresolved>;
  /** All, or the first ask that its type does not accept or whose type does not exist. */
  prepare(asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk>;
}

export class Loader implements Types {
  /** Grows whenever a file was edited, came or went. */
  version = 0;
  readonly #files: OperationFiles;
  readonly #client: LoaderClient;
  /** The file that is being loaded, as it was before. */
  #loading: LoadedFile | null = null;
  #isWorking = false;
  #isStopped = false;
  #hasLooked = false;
  #news = Promise.withResolvers<void>();

  constructor(
    readonly dirs: string[],
    /** Called for each line that operation files print. */
    onOutput: (line: string) => void,
    /** Names of the daemon's own variables that operations get. */
    fromDaemon: readonly string[] = [],
    /** Called after a file was loaded. */
    private readonly onLoaded: () => void = () => {},
  ) {
    this.#files = new OperationFiles(dirs);
    this.#client = new LoaderClient({ fromDaemon, onOutput });
  }

  stop(): void {
    this.#isStopped = true;
    this.#client.stop();
    this.#news.resolve();
  }

  /**
   * Loads the files that were edited. A check of the files is valid for the rest of this turn of
   * the event loop: a client that edits a file after an answer asks again in a later turn.
   */
  look(): void {
    if (this.#hasLooked || this.#isStopped) return;
    this.#hasLooked = true;
    setImmediate(() => {
      this.#hasLooked = false;
    });
    if (this.#files.look(this.#loading)) {
      if (this.#loading) this.#loading = loadedFile(this.#loading.file);
      this.#replace();
    }
    void this.#work();
  }

  async types(): Promise<TypesReply> {
    this.look();
    while (!this.#isComplete) await this.#wait();
    return this.#reply();
  }

  /** As `types`, without waiting; null while a file is being loaded. */
  known(): TypesReply | null {
    return this.#isComplete ? this.#reply() : null;
  }

  /** Number of types that are loaded so far. */
  get typeCount(): number {
    return this.#files.collected().types.size;
  }

  /** Whether the type is loaded. */
  has(op: string): boolean {
    const found = this.#files.find(op);
    return found !== null && "type" in found;
  }

  /** The file of a type that is loaded; null: it is not. */
  fileOf(op: string): string | null {
    const found = this.#files.find(op);
    return found !== null && "type" in found ? found.type.file : null;
  }

  /**
   * That file as it was when it was loaded. The start of an operation has looked whether it was
   * edited since.
   */
  loadedFile(op: string): LoadedFile | null {
    const file = this.fileOf(op);
    return file === null ? null : this.#files.loaded(file);
  }

  /** Whether no file of this host stands for the type. */
  isMissing(op: string): boolean {
    return this.#files.find(op) === null;
  }

  isBroken(op: string): boolean {
    const found = this.#files.find(op);
    return found !== null && "blocked" in found;
  }

  /** Whether any directory other than the shipped ones contains a file. */
  get hasUserCode(): boolean {
    return this.dirs.some((dir) => isUsers(dir) && namesIn(dir).length > 0);
  }

  async resolve(op: string): Promise<ResolvedType | Unresolved> {
    this.look();
    for (;;) {
      const found = this.#files.find(op);
      if (found === null) return { reason: this.#whyMissing(op) };
      if ("blocked" in found) return { reason: found.blocked };
      if ("type" in found) return { file: found.type.file, policy: policyOf(found.type) };
      await this.#wait();
    }
  }

  /**
   * As `resolve`, for the start of an operation: waits where no file can be loaded now, which is no
   * fault of the type. Null: the daemon stops.
   */
  async toStart(op: string): Promise<ResolvedType | Unresolved | null> {
    for (;;) {
      try {
        return await this.resolve(op);
      } catch {
        if (this.#isStopped) return null;
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
      }
    }
  }

  async prepare(asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk> {
    const prepared: Prepared[] = [];
    while (prepared.length < asks.length) {
      const index = prepared.length;
      const { op } = asks[index]!;
      // Usually all asks are of one type. Successive asks of one type are one question.
      const after = asks.findIndex((ask, n) => n > index && ask.op !== op);
      try {
        const answer = await this.#prepareOf(
          op,
          asks.slice(index, after === -1 ? asks.length : after),
        );
        if (!Array.isArray(answer)) return { index: index + answer.index, refusal: answer.refusal };
        prepared.push(...answer);
      } catch (error) {
        return { index, refusal: error instanceof Refusal ? error : typeFault(op, error as Error) };
      }
    }
    return prepared;
  }

  /** The outputs that the stages of a pipeline declare. */
  async outputsOf(of: KeptText): Promise<StageOutputs[]> {
    return this.#client.ask("outputs", of, LATE);
  }

  /** The defaults of the parameters of a pipeline, by name. */
  async defaultsOf(of: KeptText): Promise<Record<string, unknown>> {
    return this.#client.ask("defaults", of, LATE);
  }

  /** Asks of one type. */
  async #prepareOf(op: string, asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk> {
    const isKept = asks.every(({ source }) => source !== undefined);
    const found = isKept ? null : await this.#located(op);
    const plain = found === null ? [] : asks.flatMap((ask) => withoutParams(ask, found) ?? []);
    if (plain.length === asks.length) return plain;
    const file = found?.type.file ?? "";
    const located: LocatedAsk[] = asks.map((ask) => ({ ...ask, file }));
    const late = `reading them did not finish within ${LOAD_SECONDS} s`;
    const answer = await this.#client.ask("prepare", located, late);
    if (Array.isArray(answer)) return answer;
    return { index: answer.index, refusal: Refusal.fromProblem(answer.problem) };
  }

  /** @throws Refusal LIVEOPS_NO_SUCH_TYPE */
  async #located(op: string): Promise<LoadedOperationType> {
    this.look();
    for (;;) {
      const found = this.#files.find(op);
      if (found === null) {
        const { types, errors, withoutType } = this.#files.collected();
        throw unknownType(op, types.keys(), errors.length, whyTypeMissing(op, withoutType));
      }
      if ("blocked" in found) throw unknownType(op, [], 0, found.blocked);
      if ("type" in found) return found;
      await this.#wait();
    }
  }

  /** The code that the process has loaded is no longer that of the files. */
  #replace(): void {
    this.version++;
    this.#client.replace();
  }

  #reply(): TypesReply {
    const { types, ...others } = this.#files.collected();
    return { ops: [...types.values()].map(({ type }) => type), ...others };
  }

  #whyMissing(op: string): string {
    const known = whyTypeMissing(op, this.#files.collected().withoutType);
    return known ?? `no file defines the operation type ${op} now; liveops ops lists the types`;
  }

  get #isComplete(): boolean {
    return this.#files.next() === undefined;
  }

  /**
   * Loads the files, one after the other. Questions that came meanwhile are answered before the
   * next file.
   */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      for (;;) {
        const file = this.#files.next();
        if (file === undefined || this.#isStopped || this.#client.failure) return;
        await this.#load(file);
        this.#tell();
      }
    } finally {
      this.#isWorking = false;
    }
  }

  async #load(file: string): Promise<void> {
    this.#loading = loadedFile(file);
    try {
      this.#files.keep(await this.#client.ask("load", file, loadsTooLong()));
    } catch (error) {
      if (!this.#isStopped && !this.#client.failure)
        this.#files.keepBroken(this.#loading, (error as Error).message);
    }
    this.#loading = null;
    this.onLoaded();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /**
   * Waits until a file was loaded.
   *
   * @throws Error if no file can be loaded now
   */
  async #wait(): Promise<void> {
    if (this.#client.failure) throw this.#client.failure;
    if (this.#isStopped) throw new Error("the daemon is stopping");
    void this.#work();
    await this.#news.promise;
  }
}

/** Operation files cause every error in the loader, whatever was asked. */
function typeFault(op: string, error: Error): Refusal {
  return new Refusal(
    "LIVEOPS_TYPE_FAULT",
    `the parameters of ${op} could not be read: ${error.message}; liveops ops names the files that do not load`,
  );
}

/** A type without parameters and with fixed title and stages needs no loader to read none. */
function withoutParams(
  { input }: PrepareAsk,
  { type, hasTitles }: LoadedOperationType,
): Prepared | null {
  const { params = {}, set = [] } = input;
  if (Object.keys(params).length > 0 || set.length > 0 || hasTitles) return null;
  if (type.params !== null || type.stages === null) return null;
  const { op, title, stages } = type;
  return { op, title, params: {}, stages, ...saidBy(type) };
}

/** Values that differ from the default only, so that the records of starts stay short. */
export function policyOf(type: OperationType): Policy {
  const { resumable, timeout, gracePeriod, retry } = type;
  return {
    resumable,
    timeout,
    gracePeriod,
    retry,
    ...unusualIn(type),
  };
}
