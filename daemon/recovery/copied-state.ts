/**
 * Recognises a copy of a state directory, made by `cp -a`, rsync or a snapshot, and holds what the
 * original may run.
 *
 * `directory.json` names the directory that it was written in: its path, device and inode. In a
 * copy these differ. An operation that ran in the original may still run there, so it is neither
 * adopted nor resumed. An operation that was queued may run there, so it is held until the user
 * decides.
 */

import type { Blocked } from "../../protocol/operation.js";
import { directoryIdentity } from "../../protocol/system/lock-owner.js";
import { readOwnFile } from "../../protocol/system/own-file.js";
import { count } from "../../protocol/text/count.js";
import { bootId, isRunning } from "../os/process-identity.js";
import type { Entry, WorkerIdentity } from "../store/decision.js";
import { isDiskFull, replaceFileSync, replaceFileUnsynced } from "../store/durable-file.js";
import type { Layout } from "../store/layout.js";
import type { Store } from "../store/store.js";

/** Most bytes read from the file, which has some hundred. */
const MOST_BYTES = 64 * 1024;

/** The content of the file. */
interface DirectoryRecord {
  path: string;
  /** Device and inode of the directory. */
  directory: string;
  /** The boot in which the record was written: a restart may change device numbers. */
  bootId: string | null;
  /** Absent: the directory is no copy, or nothing is held any more. */
  copy?: CopyRecord;
}

interface CopyRecord {
  /** Path of the original. */
  of: string;
  /** ISO 8601. */
  since: string;
  /** Number of the last journal record of the original: operations queued until then are held. */
  lastNumber: number;
}

/** For `GET /v1/daemon`. */
export interface CopyReport {
  of: string;
  since: string;
  held: number;
}

/** A hold of queued operations. */
export class CopiedState {
  readonly name = "copied state";
  #copy: CopyRecord | null = null;
  /** Operations that were running in the original when this daemon started. */
  #wereRunning = 0;
  #entries: () => Iterable<Entry> = () => [];

  constructor(private readonly layout: Layout) {}

  /**
   * Finds out whether the directory is a copy. Called once, before an operation is queued or
   * adopted.
   *
   * @param runsQueued the user wants the held operations to run here
   * @throws the system error where the finding cannot be recorded, other than for a full disk
   */
  recognise(store: Pick<Store, "ledger" | "journalNumber">, runsQueued: boolean): void {
    const now = identityNow(this.layout);
    if (now === null) return;
    this.#entries = () => store.ledger.entries.values();
    const before = readRecord(this.layout);
    this.#copy = before?.copy ?? null;
    if (before !== null && !isSameDirectory(before.directory, before.bootId, now.directory)) {
      this.#copy = {
        of: before.path,
        since: new Date().toISOString(),
        lastNumber: store.journalNumber,
      };
      for (const { run } of this.#entries())
        if (run && !this.isOurs(run.worker)) this.#wereRunning++;
    }
    if (runsQueued || (this.#copy !== null && this.#held() === 0 && this.#wereRunning === 0))
      this.#copy = null;
    const after = { ...now, ...(this.#copy !== null && { copy: this.#copy }) };
    if (JSON.stringify(after) !== JSON.stringify(before)) this.#write(after, before);
  }

  /** Whether the operation waits for the user's decision. */
  holds({ record, queuedAt }: Entry): boolean {
    return this.#copy !== null && record.state === "queued" && queuedAt <= this.#copy.lastNumber;
  }

  why(entry: Entry): Blocked | null {
    if (this.#copy === null || !this.holds(entry)) return null;
    const { of, since } = this.#copy;
    return {
      reason: `the state directory is a copy of ${of}, where the operation may run; to run it here: ${RUN_QUEUED}`,
      since,
    };
  }

  /** Whether the worker was started under this directory. */
  isOurs({ directory, bootId: boot }: WorkerIdentity): boolean {
    return isSameDirectory(directory, boot, directoryIdentity(this.layout.root) ?? "");
  }

  /** Whether the worker may still run its operation for the original of this directory. */
  isOfOriginal(worker: WorkerIdentity): boolean {
    return !this.isOurs(worker) && (this.#copy !== null || isRunning(worker));
  }

  /** The original's path; null if it is unknown. */
  get original(): string | null {
    return this.#copy?.of ?? null;
  }

  report(): CopyReport | null {
    if (this.#copy === null) return null;
    const { of, since } = this.#copy;
    return { of, since, held: this.#held() };
  }

  /**
   * What a person must know, with the next command; null where the directory is no copy, or nothing
   * is left to do.
   */
  describe(): string | null {
    if (this.#copy === null) return null;
    const held = this.#held();
    const parts = [`this state directory is a copy of ${this.#copy.of}`];
    if (this.#wereRunning > 0)
      parts.push(
        `${count(this.#wereRunning, "operation")} ran there when it was copied, so ${this.#wereRunning === 1 ? "it is" : "they are"} ` +
          "failed here; liveops retry runs an operation here",
      );
    if (held > 0)
      parts.push(
        `${count(held, "operation")} queued there ${held === 1 ? "is" : "are"} held here; to run: ${RUN_QUEUED}`,
      );
    return parts.length === 1 ? null : parts.join("; ");
  }

  #held(): number {
    let held = 0;
    for (const entry of this.#entries()) if (this.holds(entry)) held++;
    return held;
  }

  #write(record: DirectoryRecord, before: DirectoryRecord | null): void {
    try {
      // Only what is held must survive a power cut; a first start does not wait for the disk.
      if (record.copy || before?.copy) writeRecord(this.layout, record);
      else replaceFileUnsynced(this.layout.directory, textOf(record));
    } catch (error) {
      // The next start finds the same.
      if (!isDiskFull(error)) throw error;
    }
  }
}

const RUN_QUEUED = "liveops restart --run-queued";

/**
 * Whether a directory that was recorded is the present one. Device numbers may change with a
 * restart of the machine, inodes do not.
 */
function isSameDirectory(recorded: string, recordedBoot: string | null, now: string): boolean {
  if (recorded === now) return true;
  const isOtherBoot = bootId() === null || recordedBoot !== bootId();
  return isOtherBoot && recorded.split(":")[1] === now.split(":")[1];
}

function identityNow({ root }: Layout): DirectoryRecord | null {
  const directory = directoryIdentity(root);
  return directory === null ? null : { path: root, directory, bootId: bootId() };
}

/** Null where the file is missing or not valid: the directory then counts as no copy. */
function readRecord({ directory }: Layout): DirectoryRecord | null {
  try {
    const record = JSON.parse(
      readOwnFile(directory, MOST_BYTES).toString("utf8"),
    ) as DirectoryRecord;
    const { path, directory: identity, copy } = record;
    if (typeof path !== "string" || typeof identity !== "string") return null;
    if (copy !== undefined && (typeof copy.of !== "string" || typeof copy.lastNumber !== "number"))
      return null;
    return record;
  } catch {
    return null;
  }
}

function writeRecord({ directory }: Layout, record: DirectoryRecord): void {
  replaceFileSync(directory, textOf(record));
}

function textOf(record: DirectoryRecord): string {
  return `${JSON.stringify(record)}\n`;
}
