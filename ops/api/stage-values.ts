/**
 * The stored stage values of one operation: a file for each (stage, occurrence) in a directory of its own.
 *
 * A value is there whole or not at all, and counts only for the params it was made with. Read and written by the
 * worker; `forgetFrom` is the daemon's, between attempts.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFileSync, syncDirectory } from "./replace-file.js";
import type { StageValues } from "./sink.js";

interface Stored {
  stage: string;
  occurrence: number;
  /** Of the params the value was made with. */
  params: string;
  /** Absent: the stage returned undefined. */
  value?: unknown;
}

/** @param dir - of this operation alone; made when the first value is stored */
export function fileStageValues(dir: string, params: Record<string, unknown>): StageValues {
  return new FileStageValues(dir, hashOfParams(params));
}

class FileStageValues implements StageValues {
  constructor(
    private readonly dir: string,
    private readonly paramsHash: string,
  ) {}

  load(stage: string, occurrence: number): { value: unknown } | undefined {
    const stored = readStored(join(this.dir, fileName(stage, occurrence)));
    if (stored === undefined || stored.params !== this.paramsHash) return undefined;
    return stored.stage === stage && stored.occurrence === occurrence ? { value: stored.value } : undefined;
  }

  store(stage: string, occurrence: number, json: string): void {
    const head = JSON.stringify({ stage, occurrence, params: this.paramsHash });
    const text = json === "" ? head : `${head.slice(0, -1)},"value":${json}}`;
    if (mkdirSync(this.dir, { recursive: true, mode: 0o700 }) !== undefined) syncDirectory(dirname(this.dir));
    replaceFileSync(join(this.dir, fileName(stage, occurrence)), text);
  }
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
    const stored = readStored(join(dir, file));
    if (stored === undefined || !kept.has(stored.stage)) rmSync(join(dir, file), { force: true });
  }
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
