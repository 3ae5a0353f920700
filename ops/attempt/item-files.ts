/**
 * The files of finished items, in the directory of an operation's stage values: one for each run of a stage's block and
 * each attempt. A line of JSON says whose items they are; frames of `item-batch.ts` follow.
 *
 * A batch is one write, and no other process writes the file. So the death of the worker costs what was not yet
 * written, and a power cut what was not yet synced.
 */
import { closeSync, fdatasyncSync, ftruncateSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  CREATE,
  IrregularFileError,
  openOwnFile,
  readAt,
  readOwnFile,
} from "../../protocol/system/own-file.js";
import { syncDirectory, writeAllSync } from "../../protocol/system/replace-file.js";
import { BYTE_ORDER, batchesIn, frameOf, type ItemRecords } from "./item-batch.js";

/** The ending of their names. */
export const ITEMS_FILE = ".items";

/** Most bytes of a file. */
const MOST_FILE = 512 * 1024 * 1024;
/** Most bytes of the first line. */
const MOST_HEAD = 64 * 1024;

const NEWLINE = 10;

/** Whose items they are. */
export interface ItemsPlace {
  /** Null: of loops outside of all stages. */
  stage: string | null;
  occurrence: number;
  /** Hash of the params of the attempt. */
  params: string;
  attempt: number;
}

/** Appends the items of one attempt. Makes the file with the first ones. */
export class ItemsFile {
  #fd: number | null = null;
  #length = 0;
  #isNamed = false;

  constructor(
    private readonly file: string,
    private readonly place: ItemsPlace,
  ) {}

  /** @throws the system error; the file then holds nothing of the batch */
  append(records: ItemRecords): void {
    this.#fd ??= this.#create();
    const fd = this.#fd;
    const frame = frameOf(records);
    const bytes = this.#length > 0 ? frame : Buffer.concat([this.#head(), frame]);
    try {
      writeAllSync(fd, bytes, this.#length);
    } catch (error) {
      ftruncateSync(fd, this.#length);
      throw error;
    }
    this.#length += bytes.length;
  }

  sync(): void {
    if (this.#fd === null) return;
    fdatasyncSync(this.#fd);
    if (!this.#isNamed) syncDirectory(dirname(this.file));
    this.#isNamed = true;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #head(): Buffer {
    return Buffer.from(`${JSON.stringify({ ...this.place, order: BYTE_ORDER })}\n`);
  }

  #create(): number {
    const dir = dirname(this.file);
    if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) syncDirectory(dirname(dir));
    try {
      return openOwnFile(this.file, CREATE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    rmSync(this.file);
    return openOwnFile(this.file, CREATE);
  }
}

/** The batches of a file. None if the file is missing, damaged or of another machine. */
export function* batchesOf(file: string, isWanted: (place: ItemsPlace) => boolean): Generator<ItemRecords> {
  const bytes = unlessIrregular(() => readOwnFile(file, MOST_FILE));
  const end = bytes?.subarray(0, MOST_HEAD).indexOf(NEWLINE) ?? -1;
  const place = end === -1 ? null : placeIn(bytes!.subarray(0, end));
  if (place !== null && place.order === BYTE_ORDER && isWanted(place))
    yield* batchesIn(bytes!.subarray(end + 1));
}

/** Whose items a file holds; null if nobody can tell. */
export function placeOf(file: string): ItemsPlace | null {
  const head = unlessIrregular(() => {
    const fd = openOwnFile(file);
    try {
      return readAt(fd, 0, MOST_HEAD);
    } finally {
      closeSync(fd);
    }
  });
  const end = head?.indexOf(NEWLINE) ?? -1;
  return end === -1 ? null : placeIn(head!.subarray(0, end));
}

/** Names of the files of items in the directory. */
export function itemsFilesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => name.endsWith(ITEMS_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Removes the files whose names begin so. */
export function removeItems(dir: string, beginning: string): void {
  for (const name of itemsFilesIn(dir))
    if (name.startsWith(beginning)) rmSync(join(dir, name), { force: true });
}

function placeIn(line: Buffer): (ItemsPlace & { order?: unknown }) | null {
  try {
    const place = JSON.parse(line.toString("utf8"));
    return typeof place?.attempt === "number" && typeof place.params === "string" ? place : null;
  } catch {
    return null;
  }
}

function unlessIrregular<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof IrregularFileError || (error as NodeJS.ErrnoException).code === "ENOENT")
      return null;
    throw error;
  }
}
