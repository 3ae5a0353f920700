/**
 * The stored stage values of one operation. A small one stands in the event that its stage was left: one write and one
 * sync for both. A large one has a file, by (stage, occurrence), in a directory of the operation's values.
 *
 * A value is there whole or not at all, and counts only for the params it was made with. Written by the worker;
 * `forgetFrom` is the daemon's, between attempts.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StageValue } from "../../protocol/event.js";
import { IrregularFileError, readOwnFile } from "../../protocol/own-file.js";
import { encodeRecord, parseRecord } from "../../protocol/record-line.js";
import { replaceFileSync, syncDirectory } from "./replace-file.js";
import type { StageValues } from "./sink.js";

/** Characters of JSON that still are small. */
const SMALL = 8 * 1024;

/** What retries from a stage have forgotten, a record each. */
const FORGOTTEN = "values.ndjson";

/** Bytes that the file may have. */
const MOST_FORGOTTEN = 64 * 1024 * 1024;

/** Bytes: a value of 16 MiB, and what stands before it. */
const MOST_FILE = 17 * 1024 * 1024;

/** What stands in the file of a large value. */
interface Stored extends StageValue {
  stage: string;
}

/** A value out of the run files of an earlier attempt. */
export interface KeptValue extends Stored {
  attempt: number;
}

/** What one retry from a stage has forgotten. */
interface Forgotten {
  /** The last attempt whose values are meant. */
  attempt: number;
  /** The stages whose values still count. */
  kept: string[];
}

/**
 * @param dir - of this operation alone; made when the first large value is stored
 * @param earlier - called once, when the first value is looked for: what earlier attempts left in their events
 */
export function fileStageValues(
  dir: string,
  params: Record<string, unknown>,
  earlier: () => Iterable<KeptValue> = () => [],
): StageValues {
  return new FileStageValues(dir, hashOfParams(params), earlier);
}

class FileStageValues implements StageValues {
  /** What there is, by stage and occurrence; read when it is first needed. */
  #held: { events: Map<string, Stored>; files: Set<string> } | null = null;

  constructor(
    private readonly dir: string,
    private readonly paramsHash: string,
    private readonly earlier: () => Iterable<KeptValue>,
  ) {}

  load(stage: string, occurrence: number): { value: unknown } | undefined {
    const key = keyOf(stage, occurrence);
    this.#held ??= this.#read();
    const stored = this.#held.events.get(key) ?? this.#readFile(stage, occurrence);
    if (stored === undefined || stored.params !== this.paramsHash) return undefined;
    return stored.stage === stage && stored.occurrence === occurrence ? { value: stored.value } : undefined;
  }

  keep(stage: string, occurrence: number, json: string, value: unknown): StageValue | null {
    const kept = { occurrence, params: this.paramsHash };
    if (json.length <= SMALL) return json === "" ? kept : { ...kept, value };
    const head = JSON.stringify({ stage, ...kept });
    if (mkdirSync(this.dir, { recursive: true, mode: 0o700 }) !== undefined) syncDirectory(dirname(this.dir));
    replaceFileSync(join(this.dir, fileName(stage, occurrence)), `${head.slice(0, -1)},"value":${json}}`);
    return null;
  }

  #readFile(stage: string, occurrence: number): Stored | undefined {
    const { files } = this.#held!;
    // Nearly always there are none, or few.
    if (files.size === 0) return undefined;
    const name = fileName(stage, occurrence);
    return files.has(name) ? readStored(join(this.dir, name)) : undefined;
  }

  #read() {
    const events = new Map<string, Stored>();
    const forgotten = readForgottenOrNull(this.dir);
    // What was forgotten cannot be told: every stage runs again.
    if (forgotten === null) return { events, files: new Set<string>() };
    for (const value of this.earlier()) {
      const counts = ({ attempt, kept }: Forgotten) => value.attempt > attempt || kept.includes(value.stage);
      if (forgotten.every(counts)) events.set(keyOf(value.stage, value.occurrence), value);
    }
    return { events, files: new Set(filesIn(this.dir)) };
  }
}

function keyOf(stage: string, occurrence: number): string {
  return `${occurrence} ${stage}`;
}

/**
 * For `retry --from STAGE`: forgets the values of that stage, of all that follow it in `stages`, and of those that
 * are not in `stages` any more.
 *
 * @param attempt - the last one there was
 */
export function forgetFrom(dir: string, stage: string, stages: readonly string[], attempt: number): void {
  const kept = stages.slice(0, Math.max(0, stages.indexOf(stage)));
  if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) syncDirectory(dirname(dir));
  for (const file of filesIn(dir)) {
    const stored = readStored(join(dir, file));
    if (stored === undefined || !kept.includes(stored.stage)) rmSync(join(dir, file), { force: true });
  }
  const forgotten = [...readForgotten(dir), { attempt, kept }];
  replaceFileSync(join(dir, FORGOTTEN), forgotten.map(encodeRecord).join(""));
}

/** Of values, each in one. */
function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((file) => file !== FORGOTTEN);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Oldest first. A line that is damaged counts for none.
 *
 * @throws IrregularFileError where something else stands in the place of the file
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

/** Null where something else stands in the place of the file. */
function readForgottenOrNull(dir: string): Forgotten[] | null {
  try {
    return readForgotten(dir);
  } catch (error) {
    if (error instanceof IrregularFileError) return null;
    throw error;
  }
}

/** Undefined where there is none, or none that can be read: the stage then runs again. */
function readStored(file: string): Stored | undefined {
  try {
    const stored = JSON.parse(readOwnFile(file, MOST_FILE).toString("utf8")) as Stored;
    return typeof stored?.stage === "string" ? stored : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || error instanceof IrregularFileError || code === "ENOENT")
      return undefined;
    throw error;
  }
}

/** Safe and short for any stage name; some of its letters are kept for whoever looks into the directory. */
function fileName(stage: string, occurrence: number): string {
  const letters = stage.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 40);
  return `${letters}.${hash(stage).slice(0, 16)}.${occurrence}.json`;
}

/** The same for the same params, however their names are ordered. */
export function hashOfParams(params: Record<string, unknown>): string {
  return hash(JSON.stringify(params, (_, value) => (isObject(value) ? sorted(value) : value)));
}

function hash(text: string): string {
  // Loaded when it is first needed: a tenth of what the daemon takes to start.
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest("hex");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
