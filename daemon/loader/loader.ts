/**
 * What the daemon knows of operation types, from the files that loader processes have loaded so far.
 *
 * An answer about a type waits only for the files that may define it.
 */
import { notLoading } from "../../ops/loading/blocked-names.js";
import { whyTypeMissing } from "../../ops/loading/type-names.js";
import type { Prepared } from "../../ops/types/prepare.js";
import { Refusal } from "../../protocol/errors.js";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import { effectiveLimits } from "../../protocol/resource-limits.js";
import { unknownType } from "../../protocol/unknown-type.js";
import type { Policy } from "../store/decision.js";
import { FileNames } from "./file-names.js";
import { LoaderDied, type LoaderProcess, LoaderStuck } from "./loader-process.js";
import { LoaderProcesses } from "./loader-processes.js";
import type { LoadedOperationType, LocatedAsk, PrepareAsk, ResolvedType, Unresolved } from "./messages.js";
import { isUsers, namesIn, Sources } from "./sources.js";

/** How long the start of an operation waits for its type to be loaded, in ms, before others are started. */
const RESOLVE_MS = 1000;

export interface RefusedAsk {
  index: number;
  refusal: Refusal;
}

interface Found extends Pick<LoadedOperationType, "type" | "hasTitles"> {
  process: LoaderProcess;
}

/** A file that is still to be loaded and may define the type. */
interface Pending {
  pending: string;
}

/** The file of the type does not load. The type of a file that comes later is not used instead. */
interface BlockedType {
  blocked: string;
}

/** What submits, edits and lists ask of the operation types. */
export interface Types {
  /** All types, once every file is loaded. */
  types(): Promise<TypesReply>;
  /** Whether a file of this host stands for the type and does not load. */
  isBroken(op: string): boolean;
  /** Where the type is and how it runs, or why there is no such type now. */
  resolve(op: string): Promise<ResolvedType | Unresolved>;
  /** All, or the first ask that its type does not accept or whose type does not exist. */
  prepare(asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk>;
}

export class Loader implements Types {
  readonly #sources: Sources;
  readonly #processes: LoaderProcesses;
  /** Where each type was found last. */
  readonly #places = new Map<string, string>();
  readonly #names = new FileNames();
  #news = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(
    readonly dirs: string[],
    /** Called for each line that operation files print. */
    onOutput: (line: string) => void,
    /** Names of the daemon's own variables that operations get. */
    fromDaemon: readonly string[] = [],
    /** Called after a file was loaded. */
    onLoaded: () => void = () => {},
  ) {
    this.#sources = new Sources(dirs);
    const onNews = () => {
      for (const file of this.#sources.files) {
        const result = this.#processes.provider(file)?.result;
        if (result) this.#names.note(result);
      }
      this.#news.resolve();
      this.#news = Promise.withResolvers();
      onLoaded();
    };
    this.#processes = new LoaderProcesses(this.#sources, onOutput, onNews, fromDaemon);
  }

  /** Grows whenever a file was edited, came or went. */
  get version(): number {
    return this.#processes.version;
  }

  /** Begins to load, so that the first submit need not wait. */
  start(): void {
    void this.types().catch(() => {});
  }

  /** The directories, or the variables of a loader, have changed. */
  renew(): void {
    this.#processes.renew();
    this.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#processes.stop();
    this.#news.resolve();
  }

  /** All types, once every file is loaded. */
  async types(): Promise<TypesReply> {
    this.#processes.refresh();
    while (!this.#processes.isComplete) await this.#wait();
    return this.#merged();
  }

  /** Loads the files that were edited. */
  look(): void {
    this.#processes.refresh();
  }

  /** As `types`, without waiting; null while a file is being loaded. */
  known(): TypesReply | null {
    return this.#processes.isComplete ? this.#merged() : null;
  }

  /** Number of types that are loaded so far. */
  get typeCount(): number {
    return this.#merged().ops.length;
  }

  /** Whether the type is loaded. */
  has(op: string): boolean {
    const found = this.#find(op);
    return found !== null && "type" in found;
  }

  isBroken(op: string): boolean {
    const found = this.#find(op);
    return found !== null && "blocked" in found;
  }

  /** Whether any directory other than the shipped ones contains a file. */
  hasUserCode(shipped: readonly string[]): boolean {
    return this.dirs.some((dir) => !shipped.includes(dir) && namesIn(dir).length > 0);
  }

  /** Where the type is and how it runs, or why there is no such type now. */
  async resolve(op: string): Promise<ResolvedType | Unresolved> {
    const until = performance.now() + RESOLVE_MS;
    this.#processes.refresh();
    for (;;) {
      const found = this.#find(op);
      if (found === null) return { reason: this.#whyMissing(op) };
      if ("blocked" in found) return { reason: found.blocked };
      if ("type" in found) {
        const { file, requires } = found.type;
        this.#places.set(op, file);
        return { file, policy: policyOf(found.type), requires };
      }
      const left = until - performance.now();
      if (left <= 0) return { reason: `${found.pending} is still being loaded` };
      await this.#wait(left);
    }
  }

  /** All, or the first ask that its type does not accept or whose type does not exist. */
  async prepare(asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk> {
    const prepared: Prepared[] = [];
    // Usually all asks are of one type. Successive asks that one process answers are one question.
    while (prepared.length < asks.length) {
      const index = prepared.length;
      try {
        const answer = await this.#prepareSome(asks.slice(index));
        if (!Array.isArray(answer)) return { index: index + answer.index, refusal: answer.refusal };
        prepared.push(...answer);
      } catch (error) {
        const refusal = error instanceof Refusal ? error : typeFault(asks[index]!.op, error as Error);
        return { index, refusal };
      }
    }
    return prepared;
  }

  /** The first asks, as many as one process can answer. */
  async #prepareSome(asks: PrepareAsk[]): Promise<Prepared[] | RefusedAsk> {
    for (let deaths = 0; ; ) {
      const first = await this.#located(asks[0]!.op);
      const plain = withoutParams(asks[0]!, first);
      if (plain) return [plain];
      try {
        const reply = await this.#askTogether(asks, first);
        if (reply.type === "prepared") return reply.prepared;
        return { index: reply.index, refusal: Refusal.fromProblem(reply.problem) };
      } catch (error) {
        // Asked once more if the process was killed: reading parameters changes nothing.
        const isAgain = error instanceof LoaderStuck || (error instanceof LoaderDied && deaths++ === 0);
        if (!isAgain || this.#isStopped) throw error;
      }
    }
  }

  #askTogether(asks: PrepareAsk[], { type, process }: Found) {
    const together: LocatedAsk[] = [{ ...asks[0]!, file: type.file }];
    for (const ask of asks.slice(1)) {
      const next = ask.op === type.op ? { type, process } : this.#find(ask.op);
      if (!next || !("type" in next) || next.process !== process) break;
      together.push({ ...ask, file: next.type.file });
    }
    this.#processes.keepChecking();
    return process.ask(together);
  }

  /**
   * The type, and a process that can be asked now.
   *
   * @throws Refusal LIVEOPS_NO_SUCH_TYPE
   */
  async #located(op: string): Promise<Found> {
    this.#processes.refresh();
    for (;;) {
      const found = this.#find(op);
      if (found === null) {
        const { ops, errors, withoutType } = this.#merged();
        const names = ops.map((type) => type.op);
        const isPlace = (file: string) => this.#places.get(op) === file;
        throw unknownType(op, names, errors.length, whyTypeMissing(op, errors, withoutType, isPlace));
      }
      if ("blocked" in found) throw unknownType(op, [], 0, found.blocked);
      if ("type" in found && canAnswer(found)) return found;
      await this.#wait();
    }
  }

  /**
   * The type; or a file that may define it and is still to be loaded; or why its file does not give it; null: there is
   * no such type.
   */
  #find(op: string): Found | Pending | BlockedType | null {
    let pending: string | null = null;
    for (const file of this.#sources.files) {
      const skipped = this.#sources.skipped(file);
      if (skipped !== null) {
        if (this.#names.ofSkipped(file).has(op)) return { blocked: this.#whySkipped(file, skipped) };
        continue;
      }
      const provider = this.#processes.provider(file);
      const found = provider?.result.types.find((each) => each.type.op === op);
      if (provider && found) return { ...found, process: provider.process };
      if (provider) {
        const blocked = this.#names.blockedIn(provider.result).get(op);
        if (blocked !== undefined) return { blocked };
        continue;
      }
      if (this.#names.mayDefine(file, op)) return { pending: file };
      pending ??= file;
    }
    // A type's name may be made in a way that the text does not show.
    return pending === null ? null : { pending };
  }

  /** All types and errors that are known so far. */
  #merged(): TypesReply {
    const ops = new Map<string, OperationType>();
    const notLoaded = new Map<string, TypesReply["notLoaded"][number]>();
    const errors: TypesReply["errors"] = [...this.#sources.unread];
    const shadowed: TypesReply["shadowed"] = [];
    const withoutType: TypesReply["withoutType"] = [...this.#sources.unusable];
    const seen = new Map<LoaderProcess, Set<number>>();
    for (const file of this.#sources.files) {
      const block = (op: string, reason: string) => {
        if (!ops.has(op) && !notLoaded.has(op)) notLoaded.set(op, { op, file, reason });
      };
      const skipped = this.#sources.skipped(file);
      if (skipped !== null) {
        if (!this.#sources.isUnread(file)) errors.push({ file, message: skipped });
        for (const op of this.#names.ofSkipped(file)) block(op, this.#whySkipped(file, skipped));
      }
      const provider = skipped === null ? this.#processes.provider(file) : null;
      if (!provider) continue;
      errors.push(...provider.result.errors);
      const { noType } = provider.result;
      if (noType !== null && isUsers(file)) withoutType.push({ file, message: noType });
      const classes = seen.get(provider.process) ?? new Set();
      seen.set(provider.process, classes);
      for (const { type, classId } of provider.result.types) {
        // A class that another file exports again is one type, not two.
        if (classes.has(classId)) continue;
        classes.add(classId);
        const by = (ops.get(type.op) ?? notLoaded.get(type.op))?.file;
        if (by === undefined) ops.set(type.op, type);
        else shadowed.push({ op: type.op, file, by });
      }
      for (const [op, reason] of this.#names.blockedIn(provider.result)) block(op, reason);
    }
    errors.push(...this.#processes.faults);
    for (const { op, file } of ops.values()) this.#places.set(op, file);
    const sorted = [...ops.values()].sort((a, b) => (a.op < b.op ? -1 : 1));
    return { ops: sorted, errors, withoutType, notLoaded: [...notLoaded.values()], shadowed };
  }

  #whyMissing(op: string): string {
    const { errors, withoutType } = this.#merged();
    const place = this.#places.get(op);
    const known = whyTypeMissing(op, errors, withoutType, (file) => file === place);
    if (known) return known;
    const missing = `no file defines the operation type ${op} now`;
    const [first, ...more] = errors;
    if (!first) return `${missing}; liveops ops lists the types`;
    const others = more.length === 0 ? "" : `, nor do ${more.length} other files`;
    return `${missing}; ${first.file} does not load: ${first.message}${others}`;
  }

  #whySkipped(file: string, message: string): string {
    return this.#sources.isUnread(file) ? message : notLoading(file, message);
  }

  /**
   * Waits until a file was loaded, at most `ms`.
   *
   * @throws Error if no file can be loaded now
   */
  async #wait(ms?: number): Promise<void> {
    const { failure } = this.#processes;
    if (failure) throw failure;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      if (ms !== undefined) timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#news.promise, late]);
    clearTimeout(timer);
    if (this.#isStopped) throw new Error("the daemon is stopping");
    this.#processes.ensure();
  }
}

function canAnswer({ type, process }: Found): boolean {
  return !process.isStuck || process.suspect === type.file;
}

/** Operation files cause every error in the loader, whatever was asked. */
function typeFault(op: string, error: Error): Refusal {
  return new Refusal(
    "LIVEOPS_TYPE_FAULT",
    `the parameters of ${op} could not be read: ${error.message}; liveops ops names the files that do not load`,
  );
}

/** A type without parameters and with fixed title and stages needs no loader to read none. */
function withoutParams({ input }: PrepareAsk, { type, hasTitles }: Found): Prepared | null {
  const { params = {}, set = [] } = input;
  if (Object.keys(params).length > 0 || set.length > 0 || hasTitles) return null;
  if (type.params !== null || type.stages === null) return null;
  const { op, title, stages, queue, requires } = type;
  return {
    ...{ op, title, params: {}, stages },
    ...(queue !== null && { queue }),
    ...(requires.length > 0 && { requires: [...requires] }),
  };
}

/** Values that differ from the default only, so that the records of starts stay short. */
function policyOf(type: OperationType): Policy {
  const { resumable, timeout, gracePeriod, retry, concurrency, hosts, partition } = type;
  const limits = effectiveLimits(type, undefined);
  return {
    ...{ resumable, timeout, gracePeriod, retry },
    ...(concurrency !== null && { concurrency }),
    ...(limits && { limits }),
    ...(partition === "finish" && { partition }),
    ...(hosts === "any" && { anyHost: true }),
  };
}
