/**
 * The stored stage values of one operation, in a directory of its own: small ones in one file (`value-log.ts`), each
 * large one, by (stage, occurrence), in a file.
 *
 * A value is there whole or not at all, and counts only for the params it was made with. Read and written by the
 * worker; `forgetFrom` is the daemon's, between attempts.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFileSync, syncDirectory } from "./replace-file.js";
import type { StageValues } from "./sink.js";
import { ValueLog } from "./value-log.js";

/** Characters of JSON that still are small. */
const SMALL = 32 * 1024;

const LOG = "values.ndjson";

interface Stored {
  stage: string;
  occurrence: number;
  /** Of the params the value was made with. */
  params: string;
  /** Absent: the stage returned undefined. */
  value?: unknown;
  /** In the log: the value is large, it is in its file. */
  isElsewhere?: true;
}

/**
 * To be closed when the attempt is over.
 *
 * @param dir - of this operation alone; made when the first value is stored
 */
export function fileStageValues(dir: string, params: Record<string, unknown>): FileStageValues {
  return new FileStageValues(dir, hashOfParams(params));
}

export class FileStageValues implements StageValues {
  readonly #log: ValueLog;
  /** What the log holds, by stage and occurrence; read when it is first needed. */
  #logged: Map<string, Stored> | null = null;

  constructor(
    private readonly dir: string,
    private readonly paramsHash: string,
  ) {
    this.#log = new ValueLog(join(dir, LOG));
  }

  load(stage: string, occurrence: number): { value: unknown } | undefined {
    const logged = this.#held().get(keyOf(stage, occurrence));
    const stored =
      logged === undefined || logged.isElsewhere
        ? readStored(join(this.dir, fileName(stage, occurrence)))
        : logged;
    if (stored === undefined || stored.params !== this.paramsHash) return undefined;
    return stored.stage === stage && stored.occurrence === occurrence ? { value: stored.value } : undefined;
  }

  store(stage: string, occurrence: number, json: string): void {
    if (mkdirSync(this.dir, { recursive: true, mode: 0o700 }) !== undefined) syncDirectory(dirname(this.dir));
    const place = { stage, occurrence, params: this.paramsHash };
    const head = JSON.stringify(place);
    const text = json === "" ? head : `${head.slice(0, -1)},"value":${json}}`;
    if (text.length <= SMALL) {
      this.#append(text);
      return;
    }
    replaceFileSync(join(this.dir, fileName(stage, occurrence)), text);
    if (this.#held().has(keyOf(stage, occurrence)))
      this.#append(JSON.stringify({ ...place, isElsewhere: true } satisfies Stored));
  }

  close(): void {
    this.#log.close();
  }

  #append(text: string): void {
    const held = this.#held();
    this.#log.append(text);
    const stored = JSON.parse(text) as Stored;
    held.set(keyOf(stored.stage, stored.occurrence), stored);
  }

  #held(): Map<string, Stored> {
    this.#logged ??= new Map(
      this.#log.read().map((text): [string, Stored] => {
        const stored = JSON.parse(text) as Stored;
        return [keyOf(stored.stage, stored.occurrence), stored];
      }),
    );
    return this.#logged;
  }
}

function keyOf(stage: string, occurrence: number): string {
  return `${occurrence} ${stage}`;
}

/**
 * For `retry --from STAGE`: forgets the values of that stage, of all that follow it in `stages`, and of those that
 * are not in `stages` any more.
 */
export function forgetFrom(dir: string, stage: string, stages: readonly string[]): void {
  const kept = new Set(stages.slice(0, Math.max(0, stages.indexOf(stage))));
  let files: string[];
  try {
    files = readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  for (const file of files) {
    if (file === LOG) continue;
    const stored = readStored(join(dir, file));
    if (stored === undefined || !kept.has(stored.stage)) rmSync(join(dir, file), { force: true });
  }
  const log = new ValueLog(join(dir, LOG));
  if (files.includes(LOG))
    log.replace(log.read().filter((text) => kept.has((JSON.parse(text) as Stored).stage)));
  syncDirectory(dir);
}

/** Undefined where there is none, or none that can be read: the stage then runs again. */
function readStored(file: string): Stored | undefined {
  try {
    const stored = JSON.parse(readFileSync(file, "utf8")) as Stored;
    return typeof stored?.stage === "string" ? stored : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || code === "ENOENT") return undefined;
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
  return createHash("sha256").update(text).digest("hex");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
