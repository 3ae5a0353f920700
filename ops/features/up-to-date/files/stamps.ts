/**
 * The stamps of stages and steps with `needs` or `makes`: what they were given, needed and made
 * when they ran last.
 *
 * A stamp has a checksum and names what it is of. One that is lost, torn or of another stage is no
 * stamp, and the stage runs again. So nothing waits for the disk, apart from one rule: before a
 * command runs again, its stamp is durably no longer valid.
 */
import { createHash } from "node:crypto";
import { readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeRecord, parseRecord } from "../../../../protocol/record-line.js";
import { makeDirectory } from "../../../../protocol/system/directories.js";
import { readOwnFile } from "../../../../protocol/system/own-file.js";
import { replaceFileSync } from "../../../../protocol/system/replace-file.js";
import type { Contents, FileState } from "./content.js";
import type { Walk } from "./walk.js";

/** What a command is given, each as a hash. */
export interface Given {
  command: string;
  shell: string;
  directory: string;
  outputs: string;
  values: Record<string, string>;
  /** Of the commands in `needs`, by their text. */
  printed: Record<string, string>;
}

export interface Stamp {
  given: Given;
  needs: Contents;
  /** With the patterns that were walked; null: not known. */
  walked: { patterns: string; walk: Walk } | null;
  makes: Contents;
  /** Null: the command has begun to run, and did not end well since. */
  at: string | null;
  /** Durations of the last runs, the newest first. */
  seconds: readonly number[];
  outputs: Record<string, string>;
}

/** The form of the file; another one is no stamp. */
const FORM = 1;

/** Bytes of one stamp, and of all together; and the number of stamps. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_BYTES_IN_ALL = 512 * 1024 * 1024;
const MOST_STAMPS = 50_000;

/** ms after which the temporary file of a stamp is one that a killed process left. */
const LEFT_MS = 60 * 60 * 1000;

interface Stored extends Omit<Stamp, "needs" | "makes"> {
  form: number;
  of: string;
  needs: [string, ...FileState][];
  makes: [string, ...FileState][];
}

export class Stamps {
  #written = 0;

  /** @param dir - made with the first stamp */
  constructor(private readonly dir: string) {}

  /**
   * Null: there is none that can be trusted. @param of - all that tells this stage or step from
   * others
   */
  read(of: string): Stamp | null {
    try {
      const file = this.#fileOf(of);
      const stored = parseRecord<Stored>(readOwnFile(file, MOST_BYTES).toString("utf8").trimEnd());
      if (stored === null || stored.form !== FORM || stored.of !== of) return null;
      const { form: _, of: __, needs, makes, ...rest } = stored;
      return { ...rest, needs: contentsIn(needs), makes: contentsIn(makes) };
    } catch {
      // Missing, or nothing that liveops wrote.
      return null;
    }
  }

  /** @param isDurable - it must not be lost in a power cut @throws the system error */
  write(of: string, stamp: Stamp, isDurable: boolean): void {
    const { needs, makes, ...rest } = stamp;
    const stored: Stored = { form: FORM, of, ...rest, needs: listOf(needs), makes: listOf(makes) };
    const line = encodeRecord(stored);
    if (Buffer.byteLength(line) > MOST_BYTES) return;
    makeDirectory(this.dir, 0o700);
    const file = this.#fileOf(of);
    if (isDurable) replaceFileSync(file, line);
    else {
      // Two operations may write the same stamp.
      const temporary = `${file}.${process.pid}.${++this.#written}.tmp`;
      try {
        writeFileSync(temporary, line, { mode: 0o600, flag: "wx" });
        renameSync(temporary, file);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    }
    this.#written++;
  }

  /** The stamp was of use: it is not among the oldest. */
  touch(of: string): void {
    const now = new Date();
    try {
      utimesSync(this.#fileOf(of), now, now);
    } catch {
      // It is gone, and the next run makes a new one.
    }
  }

  /** Removes the stamps that have not been of use for longest, where there are too many. */
  prune(): void {
    if (this.#written === 0) return;
    const now = Date.now();
    const files = readdirSync(this.dir).flatMap((name) => {
      const stat = statSync(join(this.dir, name), { throwIfNoEntry: false });
      return stat?.isFile()
        ? [{ path: join(this.dir, name), size: stat.size, time: stat.mtimeMs }]
        : [];
    });
    let bytes = 0;
    for (const [index, { path, size, time }] of files.sort((a, b) => b.time - a.time).entries()) {
      bytes += size;
      const isLeft = path.endsWith(".tmp") && now - time > LEFT_MS;
      if (isLeft || index >= MOST_STAMPS || bytes > MOST_BYTES_IN_ALL)
        rmSync(path, { force: true });
    }
  }

  #fileOf(of: string): string {
    return join(this.dir, `${createHash("sha256").update(of).digest("hex").slice(0, 32)}.stamp`);
  }
}

function contentsIn(list: readonly [string, ...FileState][]): Contents {
  return new Map(list.map(([path, ...state]) => [path, state]));
}

function listOf(contents: Contents): [string, ...FileState][] {
  return [...contents].map(([path, state]) => [path, ...state]);
}
