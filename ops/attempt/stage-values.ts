/**
 * Stores the values of the stages and steps of one operation. A small value is stored in the
 * `stage:left` or `step:finished` event, which saves a write and a sync. A large value has its own
 * file, by its place, in a directory of the operation. Where files do not reach the next attempt,
 * and events do, every value is in its event.
 *
 * Finished items of tracked loops are in files of that directory, or, where files do not reach the
 * next attempt, in events.
 *
 * Writes are atomic, and a value is valid only for the params that produced it. The worker writes
 * values; the daemon calls `forgetFrom` between attempts.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type {
  ByHand,
  DaemonEvent,
  DoneByHand,
  EventBody,
  StageValue,
  StoredItems,
} from "../../protocol/event.js";
import { isPlainObject } from "../../protocol/objects.js";
import { encodeRecord, parseRecord } from "../../protocol/record-line.js";
import { stageAndStep } from "../../protocol/step-names.js";
import { IrregularFileError, readOwnFile } from "../../protocol/system/own-file.js";
import { makeDurableDirectory, replaceFileSync } from "../../protocol/system/replace-file.js";
import {
  batchesOf,
  ITEMS_FILE,
  ItemsFile,
  type ItemsPlace,
  itemsFilesIn,
  placeOf,
  removeItems,
} from "./item-files.js";
import type {
  FinishedItems,
  FromPlace,
  ItemsOwner,
  StageValues,
  Stored,
  ValuePlace,
} from "./sink.js";

/** Most characters of JSON of a small value. */
const SMALL = 8 * 1024;

/** File with a record for each retry from a stage, which lists the values that still count. */
const FORGOTTEN = "values.ndjson";

/** Most bytes of that file. */
const MOST_FORGOTTEN = 64 * 1024 * 1024;

/** Most bytes of a value's file: a value of 16 MiB and the keys before it. */
const MOST_FILE = 17 * 1024 * 1024;

/**
 * A value of an earlier attempt: from its run files, or the content of the file of a large value.
 */
export interface KeptValue extends StageValue {
  stage: string;
  /** Absent: the value of the stage. */
  step?: string | undefined;
  attempt: number;
}

/** Finished items of an earlier attempt, from its run files. */
export interface KeptItems extends StoredItems {
  stage: string | null;
  step?: string | undefined;
  attempt: number;
}

type ItemsEvent = Extract<EventBody, { type: "items:finished" }>;

/** Record of one retry from a stage. */
export interface Forgotten {
  /** The last attempt that the record applies to. */
  attempt: number;
  /** The stages whose values still count. */
  kept: string[];
  /** Where the retry starts. Of a step, the values of the other steps of its stage still count. */
  from: FromPlace;
}

/**
 * A stage or step that a person has done by hand, for all attempts after `attempt` that have not
 * come to it yet.
 */
export interface Taken extends DoneByHand, ByHand {
  attempt: number;
}

export interface StageValuesOptions {
  /**
   * Returns the values in the events of earlier attempts; called once, at the first `load`.
   * Default: none.
   */
  earlier?: () => Iterable<KeptValue>;
  /**
   * Retries from a stage, beside those that `forgetFrom` recorded in the directory. Default: none.
   */
  forgotten?: readonly Forgotten[];
  /** Default: none. */
  byHand?: readonly Taken[];
  /** Returns the finished items in the events of earlier attempts. Default: none. */
  earlierItems?: () => Iterable<KeptItems>;
  /**
   * Records finished items in the events, which have large values too. Absent: both are in files.
   */
  recordItems?: (event: ItemsEvent) => void;
}

/**
 * Time in ms between two batches of finished items: in files, and in events, which are read by
 * several processes.
 */
const ITEMS_MS = { inFiles: 10, inEvents: 1000 };

/**
 * @param dir - directory of this operation only; created when the first large value is stored
 * @param attempt - number of this attempt
 */
export function fileStageValues(
  dir: string,
  params: Record<string, unknown>,
  attempt: number,
  options: StageValuesOptions = {},
): StageValues {
  return new FileStageValues(dir, hashOfParams(params), attempt, options);
}

/**
 * What still counts after a retry: the stages before `from`, and the other steps of a stage whose
 * step `from` is.
 *
 * @param from - a stage, or `Stage/step`
 */
export function keptBefore(
  from: string,
  stages: readonly string[],
): Pick<Forgotten, "kept" | "from"> {
  const { stage, step } = stageAndStep(from, stages) ?? { stage: from, step: null };
  const kept = stages.slice(0, Math.max(0, stages.indexOf(stage)));
  return { kept, from: { stage, step: step ?? undefined } };
}

/**
 * What a person has done by hand, after a retry.
 *
 * @param kept - what still counts after a retry from a stage; null: it is none
 */
export function takenByHand(
  before: readonly Taken[],
  { done = [], at, attempt }: Extract<DaemonEvent, { type: "operation:retried" }>,
  kept: Pick<Forgotten, "kept" | "from"> | null,
): Taken[] {
  const isSame = (a: DoneByHand, b: DoneByHand) => a.stage === b.stage && a.step === b.step;
  return [
    ...before.filter(
      (taken) =>
        (kept === null || stillCounts(taken, kept)) && !done.some((each) => isSame(taken, each)),
    ),
    ...done.map((each) => ({ ...each, at, attempt })),
  ];
}

class FileStageValues implements StageValues {
  /** Stored values by place; read at the first `load`. */
  #held: { events: Map<string, KeptValue>; files: Set<string> } | null = null;

  constructor(
    private readonly dir: string,
    private readonly paramsHash: string,
    private readonly attempt: number,
    private readonly options: StageValuesOptions,
  ) {}

  load(place: ValuePlace): Stored | undefined {
    const stored = this.#stored(place);
    if (stored === undefined || stored.params !== this.paramsHash) return undefined;
    const { value, attempt, byHand } = stored;
    return { value, attempt, byHand };
  }

  byHand(place: ValuePlace, isStored: boolean): Taken | undefined {
    const taken = this.options.byHand?.findLast(
      ({ stage, step }) => stage === place.stage && step === place.step,
    );
    if (taken === undefined || (isStored && taken.outputs === undefined)) return undefined;
    const stored = this.#stored(place);
    return stored === undefined || stored.attempt <= taken.attempt ? taken : undefined;
  }

  keep(place: ValuePlace, json: string, value: unknown, byHand?: ByHand): StageValue | null {
    const { stage, step, occurrence } = place;
    const kept = {
      occurrence,
      params: this.paramsHash,
      ...(byHand && { byHand: { by: byHand.by, at: byHand.at } }),
    };
    if (json.length <= SMALL || this.options.recordItems)
      return json === "" ? kept : { ...kept, value };
    const head = JSON.stringify({ stage, step, attempt: this.attempt, ...kept });
    makeDurableDirectory(this.dir);
    const file = join(this.dir, fileName(place));
    replaceFileSync(file, `${head.slice(0, -1)},"value":${json}}`);
    return null;
  }

  items(owner: ItemsOwner): FinishedItems {
    const { stage, step, occurrence } = owner;
    const place = { stage, step, occurrence, params: this.paramsHash, attempt: this.attempt };
    const beginning = itemsName(owner);
    const load = () => this.#loadItems(place, beginning);
    const discard = () => removeItems(this.dir, beginning);
    const { recordItems } = this.options;
    if (recordItems === undefined) {
      const file = new ItemsFile(join(this.dir, `${beginning}${this.attempt}${ITEMS_FILE}`), place);
      return {
        everyMs: ITEMS_MS.inFiles,
        load,
        append: (keys) => file.append(keys),
        sync: () => file.sync(),
        close: () => file.close(),
        discard,
      };
    }
    const append = (keys: readonly string[]) => {
      const items = { occurrence, params: this.paramsHash, keys };
      recordItems({
        type: "items:finished",
        stage,
        step,
        count: keys.length,
        items,
      });
    };
    return { everyMs: ITEMS_MS.inEvents, load, append, sync: () => {}, close: () => {}, discard };
  }

  *#loadItems(owner: ItemsOwner, beginning: string) {
    const forgotten = this.#forgotten();
    if (forgotten === null) return;
    const isWanted = (place: ItemsPlace) =>
      isSamePlace(place, owner) &&
      place.params === this.paramsHash &&
      place.attempt < this.attempt &&
      isKept(place, forgotten);
    const attempts = itemsFilesIn(this.dir)
      .filter((name) => name.startsWith(beginning))
      .map((name) => Number(name.slice(beginning.length, -ITEMS_FILE.length)));
    for (const attempt of attempts.sort((a, b) => a - b))
      for (const keys of batchesOf(join(this.dir, `${beginning}${attempt}${ITEMS_FILE}`), isWanted))
        yield { attempt, keys };
    for (const kept of this.options.earlierItems?.() ?? [])
      if (isWanted(kept)) yield { attempt: kept.attempt, keys: kept.keys };
  }

  /** Of any parameters. */
  #stored(place: ValuePlace): KeptValue | undefined {
    this.#held ??= this.#read();
    const stored = this.#held.events.get(keyOf(place)) ?? this.#readFile(place);
    return stored !== undefined && isSamePlace(stored, place) ? stored : undefined;
  }

  #readFile(place: ValuePlace): KeptValue | undefined {
    const { files } = this.#held!;
    if (files.size === 0) return undefined;
    const name = fileName(place);
    const stored = files.has(name) ? readStored(join(this.dir, name)) : undefined;
    return stored !== undefined && isKept(stored, this.options.forgotten ?? [])
      ? stored
      : undefined;
  }

  #read() {
    const events = new Map<string, KeptValue>();
    const all = this.#forgotten();
    if (all === null) return { events, files: new Set<string>() };
    const { earlier = () => [] } = this.options;
    for (const value of earlier()) if (isKept(value, all)) events.set(keyOf(value), value);
    return { events, files: new Set(filesIn(this.dir)) };
  }

  /**
   * All retries from a stage. Null: their file is unreadable, so nothing is trusted and every stage
   * runs again.
   */
  #forgotten(): Forgotten[] | null {
    const recorded = readForgottenOrNull(this.dir);
    return recorded === null ? null : [...recorded, ...(this.options.forgotten ?? [])];
  }
}

/**
 * Whether no retry from a stage has forgotten the value. What is outside of all stages, each has
 * forgotten.
 */
function isKept(value: Owner & { attempt: number }, forgotten: readonly Forgotten[]): boolean {
  return forgotten.every((each) => value.attempt > each.attempt || stillCounts(value, each));
}

/** Whose a value is. */
interface Owner {
  stage: string | null;
  step?: string | undefined;
}

/** Whether the values of a stage, or of a step, count after a retry. */
export function stillCounts(
  { stage, step }: Owner,
  { kept, from }: Pick<Forgotten, "kept" | "from">,
): boolean {
  if (stage === null) return false;
  return (
    kept.includes(stage) ||
    (stage === from.stage && step !== undefined && from.step !== undefined && step !== from.step)
  );
}

export function isSamePlace(a: ItemsOwner, b: ItemsOwner): boolean {
  return a.stage === b.stage && a.step === b.step && a.occurrence === b.occurrence;
}

function keyOf({ stage, step, occurrence }: ValuePlace): string {
  return `${occurrence} ${step === undefined ? stage : JSON.stringify([stage, step])}`;
}

/**
 * For `retry --from`: forgets the values of that stage or step, of the later stages in `stages`,
 * and of stages that are no longer in `stages`.
 *
 * @param from - a stage, or `Stage/step`
 * @param attempt - number of the last attempt
 */
export function forgetFrom(
  dir: string,
  from: string,
  stages: readonly string[],
  attempt: number,
): void {
  const kept = keptBefore(from, stages);
  makeDurableDirectory(dir);
  for (const file of [...filesIn(dir), ...itemsFilesIn(dir)]) {
    const path = join(dir, file);
    const stored = file.endsWith(ITEMS_FILE) ? placeOf(path) : readStored(path);
    if (!stored || !stillCounts(stored, kept)) rmSync(path, { force: true });
  }
  const forgotten = [...readForgotten(dir), { attempt, ...kept }];
  replaceFileSync(join(dir, FORGOTTEN), forgotten.map(encodeRecord).join(""));
}

/** Names of the files of large values. */
function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((file) => file !== FORGOTTEN && !file.endsWith(ITEMS_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * The records of retries, oldest first. Damaged lines are skipped.
 *
 * @throws IrregularFileError if the path is not a regular file of this user
 */
function readForgotten(dir: string): Forgotten[] {
  let text: string;
  try {
    text = readOwnFile(join(dir, FORGOTTEN), MOST_FORGOTTEN).toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return text.split("\n").flatMap((line) => parseRecord<Forgotten>(line) ?? []);
}

/** As `readForgotten`; null if the path is not a regular file of this user. */
function readForgottenOrNull(dir: string): Forgotten[] | null {
  try {
    return readForgotten(dir);
  } catch (error) {
    if (error instanceof IrregularFileError) return null;
    throw error;
  }
}

/** Undefined if the file is missing or not valid; the stage then runs again. */
function readStored(file: string): KeptValue | undefined {
  try {
    const stored = JSON.parse(readOwnFile(file, MOST_FILE).toString("utf8")) as KeptValue;
    return typeof stored?.stage === "string" && typeof stored.attempt === "number"
      ? stored
      : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || error instanceof IrregularFileError || code === "ENOENT")
      return undefined;
    throw error;
  }
}

/**
 * A safe and short name for any name of a stage or step; begins with letters of that name, for
 * people.
 */
function fileName({ stage, step, occurrence }: ValuePlace): string {
  const letters = (step ?? stage).replace(/[^A-Za-z0-9]+/g, "-").slice(0, 40);
  const whole = step === undefined ? stage : JSON.stringify([stage, step]);
  return `${letters}.${hash(whole).slice(0, 16)}.${occurrence}.json`;
}

/** As `fileName`, for the files of items; the number of the attempt follows. */
function itemsName({ stage, step, occurrence }: ItemsOwner): string {
  return stage === null
    ? "outside."
    : fileName({ stage, step, occurrence }).slice(0, -"json".length);
}

/** A hash of the params that does not depend on the order of the keys. */
export function hashOfParams(params: Record<string, unknown>): string {
  return hash(JSON.stringify(params, (_, value) => (isPlainObject(value) ? sorted(value) : value)));
}

function hash(text: string): string {
  // Loaded when first needed, because it takes a tenth of the daemon's start.
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest("hex");
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
