/**
 * Stores the stage values of one operation. A small value is stored in its `stage:left` event, which saves a write and
 * a sync. A large value has its own file, by (stage, occurrence), in a directory of the operation. In a fleet every
 * value is in its event: events reach the other hosts, and files do not.
 *
 * Finished items of tracked loops are in files of that directory too, and in a fleet in events of their own.
 *
 * Writes are atomic, and a value is valid only for the params that produced it. The worker writes values; the daemon
 * calls `forgetFrom` between attempts.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EventBody, StageValue, StoredItems } from "../../protocol/event.js";
import { isPlainObject } from "../../protocol/objects.js";
import { encodeRecord, parseRecord } from "../../protocol/record-line.js";
import { IrregularFileError, readOwnFile } from "../../protocol/system/own-file.js";
import { makeDurableDirectory, replaceFileSync } from "../../protocol/system/replace-file.js";
import { batchesOf, ITEMS_FILE, ItemsFile, itemsFilesIn, placeOf, removeItems } from "./item-files.js";
import type { FinishedItems, StageValues } from "./sink.js";

/** Most characters of JSON of a small value. */
const SMALL = 8 * 1024;

/** File with a record for each retry from a stage, which lists the values that still count. */
const FORGOTTEN = "values.ndjson";

/** Most bytes of that file. */
const MOST_FORGOTTEN = 64 * 1024 * 1024;

/** Most bytes of a value's file: a value of 16 MiB and the keys before it. */
const MOST_FILE = 17 * 1024 * 1024;

/** A value of an earlier attempt: from its run files, or the content of the file of a large value. */
export interface KeptValue extends StageValue {
  stage: string;
  attempt: number;
}

/** Finished items of an earlier attempt, from its run files. */
export interface KeptItems extends StoredItems {
  stage: string | null;
  attempt: number;
}

type ItemsEvent = Extract<EventBody, { type: "items:finished" }>;

/** Record of one retry from a stage. */
export interface Forgotten {
  /** The last attempt that the record applies to. */
  attempt: number;
  /** The stages whose values still count. */
  kept: string[];
}

export interface StageValuesOptions {
  /** Returns the values in the events of earlier attempts; called once, at the first `load`. Default: none. */
  earlier?: () => Iterable<KeptValue>;
  /** Retries from a stage, beside those that `forgetFrom` recorded in the directory. Default: none. */
  forgotten?: readonly Forgotten[];
  /** Returns the finished items in the events of earlier attempts. Default: none. */
  earlierItems?: () => Iterable<KeptItems>;
  /** In a fleet: records finished items in the events, which have large values too. Absent: both are in files. */
  recordItems?: (event: ItemsEvent) => void;
}

/** Time in ms between two batches of finished items: in files, and in events, which are read by several processes. */
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

/** The stages whose values still count after a retry from `stage`: those before it. */
export function keptBefore(stage: string, stages: readonly string[]): string[] {
  return stages.slice(0, Math.max(0, stages.indexOf(stage)));
}

class FileStageValues implements StageValues {
  /** Stored values by stage and occurrence; read at the first `load`. */
  #held: { events: Map<string, KeptValue>; files: Set<string> } | null = null;

  constructor(
    private readonly dir: string,
    private readonly paramsHash: string,
    private readonly attempt: number,
    private readonly options: StageValuesOptions,
  ) {}

  load(stage: string, occurrence: number): { value: unknown; attempt: number } | undefined {
    const key = keyOf(stage, occurrence);
    this.#held ??= this.#read();
    const stored = this.#held.events.get(key) ?? this.#readFile(stage, occurrence);
    if (stored === undefined || stored.params !== this.paramsHash) return undefined;
    const { value, attempt } = stored;
    return stored.stage === stage && stored.occurrence === occurrence ? { value, attempt } : undefined;
  }

  keep(stage: string, occurrence: number, json: string, value: unknown): StageValue | null {
    const kept = { occurrence, params: this.paramsHash };
    if (json.length <= SMALL || this.options.recordItems) return json === "" ? kept : { ...kept, value };
    const head = JSON.stringify({ stage, attempt: this.attempt, ...kept });
    makeDurableDirectory(this.dir);
    replaceFileSync(join(this.dir, fileName(stage, occurrence)), `${head.slice(0, -1)},"value":${json}}`);
    return null;
  }

  items(stage: string | null, occurrence: number): FinishedItems {
    const place = { stage, occurrence, params: this.paramsHash, attempt: this.attempt };
    const beginning = itemsName(stage, occurrence);
    const load = () => this.#loadItems(stage, occurrence, beginning);
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
      recordItems({ type: "items:finished", stage, count: keys.length, items });
    };
    return { everyMs: ITEMS_MS.inEvents, load, append, sync: () => {}, close: () => {}, discard };
  }

  *#loadItems(stage: string | null, occurrence: number, beginning: string) {
    const forgotten = this.#forgotten();
    if (forgotten === null) return;
    const isWanted = (place: { stage: string | null; occurrence: number; params: string; attempt: number }) =>
      place.stage === stage &&
      place.occurrence === occurrence &&
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

  #readFile(stage: string, occurrence: number): KeptValue | undefined {
    const { files } = this.#held!;
    if (files.size === 0) return undefined;
    const name = fileName(stage, occurrence);
    const stored = files.has(name) ? readStored(join(this.dir, name)) : undefined;
    return stored !== undefined && isKept(stored, this.options.forgotten ?? []) ? stored : undefined;
  }

  #read() {
    const events = new Map<string, KeptValue>();
    const all = this.#forgotten();
    if (all === null) return { events, files: new Set<string>() };
    const { earlier = () => [] } = this.options;
    for (const value of earlier())
      if (isKept(value, all)) events.set(keyOf(value.stage, value.occurrence), value);
    return { events, files: new Set(filesIn(this.dir)) };
  }

  /** All retries from a stage. Null: their file is unreadable, so nothing is trusted and every stage runs again. */
  #forgotten(): Forgotten[] | null {
    const recorded = readForgottenOrNull(this.dir);
    return recorded === null ? null : [...recorded, ...(this.options.forgotten ?? [])];
  }
}

/** Whether no retry from a stage has forgotten the value. What is outside of all stages, each has forgotten. */
function isKept(
  { stage, attempt: of }: { stage: string | null; attempt: number },
  forgotten: readonly Forgotten[],
): boolean {
  return forgotten.every(({ attempt, kept }) => of > attempt || (stage !== null && kept.includes(stage)));
}

function keyOf(stage: string, occurrence: number): string {
  return `${occurrence} ${stage}`;
}

/**
 * For `retry --from STAGE`: forgets the values of that stage, of the later stages in `stages`, and of stages that are
 * no longer in `stages`.
 *
 * @param attempt - number of the last attempt
 */
export function forgetFrom(dir: string, stage: string, stages: readonly string[], attempt: number): void {
  const kept = keptBefore(stage, stages);
  makeDurableDirectory(dir);
  for (const file of [...filesIn(dir), ...itemsFilesIn(dir)]) {
    const path = join(dir, file);
    const stored = file.endsWith(ITEMS_FILE) ? placeOf(path) : readStored(path);
    if (!stored || stored.stage === null || !kept.includes(stored.stage)) rmSync(path, { force: true });
  }
  const forgotten = [...readForgotten(dir), { attempt, kept }];
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
    return typeof stored?.stage === "string" && typeof stored.attempt === "number" ? stored : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || error instanceof IrregularFileError || code === "ENOENT")
      return undefined;
    throw error;
  }
}

/** A safe and short name for any stage name; begins with letters of the stage name, for people. */
function fileName(stage: string, occurrence: number): string {
  const letters = stage.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 40);
  return `${letters}.${hash(stage).slice(0, 16)}.${occurrence}.json`;
}

/** As `fileName`, for the files of items; the number of the attempt follows. */
function itemsName(stage: string | null, occurrence: number): string {
  return stage === null ? "outside." : fileName(stage, occurrence).slice(0, -"json".length);
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
