/**
 * Writes a copy into a new directory: mode 0700, files 0600, each synced, the directories synced at the end.
 *
 * Copies one file at a time: a submit's sync uses the same threads of the file system.
 */
import { closeSync, read } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeAll } from "../store/durable-file.js";
import { type OpenSource, openSource } from "./open-source.js";

export interface CopyProgress {
  files: number;
  bytes: number;
}

/** Bytes read at a time. */
const PIECE = 1024 * 1024;

const readAt = promisify(read);

export class BackupWriter {
  readonly progress: CopyProgress = { files: 0, bytes: 0 };
  readonly #directories: string[] = [];
  readonly #piece = Buffer.allocUnsafe(PIECE);

  constructor(
    readonly root: string,
    private readonly signal: AbortSignal,
    private readonly onProgress: (progress: CopyProgress) => void,
  ) {}

  /** @param path relative to the root; "" is the root itself */
  async makeDirectory(path: string): Promise<void> {
    const dir = join(this.root, path);
    await mkdir(dir, { mode: 0o700 });
    this.#directories.push(dir);
  }

  /** Copies a file up to its present length; false if it is missing or not a regular file. */
  async copy(from: string, path: string, length?: number): Promise<boolean> {
    const source = openSource(from, path);
    if (!source) return false;
    await this.copyOpen({ ...source, length: length ?? source.length }, path);
    return true;
  }

  /** Copies an open file and closes it. */
  async copyOpen({ fd, length }: OpenSource, path: string): Promise<void> {
    try {
      await this.#create(path, async (target) => {
        for (let position = 0; position < length; ) {
          this.signal.throwIfAborted();
          const wanted = Math.min(PIECE, length - position);
          const { bytesRead } = await readAt(fd, this.#piece, 0, wanted, position);
          if (bytesRead === 0) throw new Error(`${path} became shorter while it was copied`);
          await writeAll(target, this.#piece.subarray(0, bytesRead), position);
          position += bytesRead;
        }
      });
    } finally {
      closeSync(fd);
    }
    this.#count(length);
  }

  async #create(path: string, fill: (target: FileHandle) => Promise<void>): Promise<void> {
    this.signal.throwIfAborted();
    const target = await open(join(this.root, path), "wx", 0o600);
    try {
      await fill(target);
      await target.sync();
    } finally {
      await target.close();
    }
  }

  #count(bytes: number): void {
    this.progress.files++;
    this.progress.bytes += bytes;
    this.onProgress(this.progress);
  }

  /** Writes a small file. */
  async write(path: string, text: string): Promise<void> {
    await this.#create(path, (target) => writeAll(target, Buffer.from(text), 0));
    this.#count(Buffer.byteLength(text));
  }

  /** Makes all names durable; a parent comes after its content. */
  async syncDirectories(): Promise<void> {
    for (const dir of this.#directories.toReversed()) {
      const handle = await open(dir, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }
}
