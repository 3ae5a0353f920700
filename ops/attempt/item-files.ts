/**
 * The files of finished items, in the directory of an operation's stage values: one for each run of
 * a stage's block and each attempt. The first record says whose items they are; a record for each
 * batch of keys follows.
 *
 * A batch is one write, and no other process writes the file. So the death of the worker costs what
 * was not yet written, and a power cut what was not yet synced.
 */
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodeRecord, parseRecord } from "../../protocol/record-line.js";
import { AppendFile } from "../../protocol/system/append-file.js";
import { IrregularFileError, readOwnFile } from "../../protocol/system/own-file.js";
import { makeDurableDirectory, syncDirectory } from "../../protocol/system/replace-file.js";
import type { ItemsOwner } from "./sink.js";

/** The ending of their names. */
export const ITEMS_FILE = ".items";

/** Most bytes of a file. */
const MOST_FILE = 32 * 1024 * 1024;

/** Whose items they are. */
export interface ItemsPlace extends ItemsOwner {
  /** Hash of the params of the attempt. */
  params: string;
  attempt: number;
}

/** Appends the items of one attempt. Makes the file with the first ones. */
export class ItemsFile {
  #file: AppendFile | null = null;
  #isNamed = false;

  constructor(
    private readonly file: string,
    private readonly place: ItemsPlace,
  ) {}

  /** @throws the system error; the file then holds nothing of the batch */
  append(keys: readonly string[]): void {
    this.#file ??= this.#create();
    const batch = encodeRecord({ keys });
    this.#file.append(this.#file.length > 0 ? batch : encodeRecord(this.place) + batch);
  }

  sync(): void {
    this.#file?.sync();
    if (this.#file !== null && !this.#isNamed) syncDirectory(dirname(this.file));
    this.#isNamed = this.#file !== null;
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #create(): AppendFile {
    const dir = dirname(this.file);
    makeDurableDirectory(dir);
    return new AppendFile(this.file);
  }
}

/**
 * The batches of a file. None if the file is missing or no file of items. A damaged batch is left
 * out.
 */
export function* batchesOf(
  file: string,
  isWanted: (place: ItemsPlace) => boolean,
): Generator<string[]> {
  const [head = "", ...lines] = linesOf(file);
  const place = placeIn(head);
  if (place === null || !isWanted(place)) return;
  for (const line of lines) {
    const keys = parseRecord<{ keys?: string[] }>(line)?.keys;
    if (keys) yield keys;
  }
}

/** Whose items a file holds; null if nobody can tell. */
export function placeOf(file: string): ItemsPlace | null {
  return placeIn(linesOf(file)[0] ?? "");
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

function placeIn(line: string): ItemsPlace | null {
  const place = parseRecord<ItemsPlace>(line);
  return typeof place?.attempt === "number" && typeof place.params === "string" ? place : null;
}

function linesOf(file: string): string[] {
  try {
    return readOwnFile(file, MOST_FILE).toString("utf8").split("\n");
  } catch (error) {
    if (error instanceof IrregularFileError || (error as NodeJS.ErrnoException).code === "ENOENT")
      return [];
    throw error;
  }
}
