/**
 * Values of secret parameters between the submit and the attempt. The state directory never has
 * them.
 *
 * They are kept in memory, and in a file of the runtime directory where that is a tmpfs, so that
 * the next daemon finds them. A restart of the computer loses them. They are deleted when the
 * operation succeeds or is removed: a failed or cancelled operation may be retried.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { readOwnFile } from "../../protocol/system/own-file.js";
import { replaceFileSync } from "../../protocol/system/replace-file.js";
import { removeIfPossible } from "./durable-file.js";

/** Values by reference, such as `env:TOKEN`. */
export type Secrets = Readonly<Record<string, string>>;

/** Most bytes of a file. */
const MOST_BYTES = 16 * 1024 * 1024;

export class SubmittedSecrets {
  readonly #held = new Map<string, Secrets>();
  readonly #dir: string | null;

  /**
   * @param runtimeDir - `$XDG_RUNTIME_DIR`
   * @param stateDir - its secrets have a directory of their own
   */
  constructor(runtimeDir: string | undefined, stateDir: string) {
    this.#dir =
      runtimeDir !== undefined && isInMemory(runtimeDir) ? dirFor(runtimeDir, stateDir) : null;
  }

  /** Adds values to those of the operation. */
  put(id: string, secrets: Secrets | undefined): void {
    if (secrets === undefined || Object.keys(secrets).length === 0) return;
    const all = { ...this.get(id), ...secrets };
    this.#held.set(id, all);
    this.#write(id, all);
  }

  get(id: string): Secrets | undefined {
    return this.#held.get(id) ?? this.#read(id);
  }

  /** Gives an operation the values of another one: the next operation of a chain. */
  copy(from: string, to: string): void {
    this.put(to, this.get(from));
  }

  /** A file that cannot be removed, as after a logout, stays until `sweep`. */
  delete(id: string): void {
    this.#held.delete(id);
    if (this.#dir !== null) removeIfPossible(this.#file(id));
  }

  /**
   * Deletes the files of operations that need no values any more. Call at the start. Values of this
   * daemon are kept: their operation may be recorded only after this.
   */
  sweep(needs: (id: string) => boolean): void {
    if (this.#dir === null) return;
    let names: string[];
    try {
      names = readdirSync(this.#dir);
    } catch {
      return;
    }
    for (const name of names) {
      const [id = ""] = name.split(".");
      if (!needs(id) && !this.#held.has(id)) removeIfPossible(join(this.#dir, name));
    }
  }

  #read(id: string): Secrets | undefined {
    if (this.#dir === null) return undefined;
    try {
      const secrets = JSON.parse(
        readOwnFile(this.#file(id), MOST_BYTES).toString("utf8"),
      ) as Secrets;
      this.#held.set(id, secrets);
      return secrets;
    } catch {
      return undefined;
    }
  }

  /** Without a file the values are in memory, and a restart of the daemon loses them. */
  #write(id: string, secrets: Secrets): void {
    if (this.#dir === null) return;
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      replaceFileSync(this.#file(id), JSON.stringify(secrets));
    } catch {
      removeIfPossible(this.#file(id));
    }
  }

  #file(id: string): string {
    return join(this.#dir!, `${id}.json`);
  }
}

/** File system types of statfs(2) whose files are never on a disk: tmpfs and ramfs. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6]);

function isInMemory(dir: string): boolean {
  try {
    return IN_MEMORY.has(statfsSync(dir).type);
  } catch {
    return false;
  }
}

function dirFor(runtimeDir: string, stateDir: string): string {
  const name = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  return join(runtimeDir, "liveops", "secrets", name);
}
