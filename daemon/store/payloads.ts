/**
 * Payloads: large parameters and results, each in its own file, `payloads/<id>.params.json` or
 * `payloads/<id>.result.json`.
 *
 * The record keeps only their size (`omitted`). So memory, start-up, lists and watch streams do not grow with them. A
 * payload is durable before the decision that names it; a crash in between leaves an orphan file, which the next start
 * removes.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Submission } from "../../protocol/event.js";
import type { Omitted, Operation } from "../../protocol/operation.js";
import { encodeRecord, parseRecord } from "../../protocol/record-line.js";
import { readOwnFile } from "../../protocol/system/own-file.js";
import { isDiskFull, openNew } from "./durable-file.js";
import { StoreFullError } from "./not-recorded.js";

/** Whether the value's JSON has more than about `bytes` bytes; stops counting there. */
function isLargerThan(value: unknown, bytes: number): boolean {
  return measure(value, bytes) > bytes;
}

/**
 * Approximate bytes of the value's JSON, without building the text: characters that JSON escapes are counted once.
 */
export function jsonSize(value: unknown): number {
  return measure(value, Number.POSITIVE_INFINITY);
}

/** Counts at least to `limit`, and not far beyond. */
function measure(value: unknown, limit: number): number {
  if (typeof value === "string")
    // A UTF-16 unit takes one to three bytes: they are counted only where the length alone does not decide.
    return value.length > limit ? value.length : Buffer.byteLength(value) + 2;
  if (typeof value !== "object" || value === null) return 5;
  let size = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      size += 1 + measure(item, limit - size);
      if (size > limit) return size;
    }
    return size;
  }
  for (const name in value) {
    size += name.length + 4 + measure((value as Record<string, unknown>)[name], limit - size);
    if (size > limit) return size;
  }
  return size;
}

/** Bytes of JSON above which a value gets its own file. */
const LARGE_VALUE = 16 * 1024;

/** Most bytes read from a file; no value is as large. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Files written at the same time. */
const PARALLEL = 16;

export type PayloadKind = keyof Omitted;

interface Payload {
  id: string;
  kind: PayloadKind;
  value: unknown;
}

export function payloadFile(dir: string, id: string, kind: PayloadKind): string {
  return join(dir, `${id}.${kind}.json`);
}

/** @throws Error where the file is missing, damaged or unreadable */
export function readPayload(file: string): unknown {
  const parsed = parseRecord<{ value: unknown }>(readOwnFile(file, MOST_BYTES).toString("utf8").trimEnd());
  if (!parsed) throw new Error(`${file} is damaged`);
  return parsed.value;
}

export class Payloads {
  /**
   * Files found at the start and not written again; `removeOrphans` removes those that no operation names. The successor
   * of a finish that is repeated after a crash has the same file again before a decision names it.
   */
  readonly #found = new Set<string>();

  /** @param onError called when a payload could not be written */
  constructor(
    private readonly dir: string,
    private readonly onError: (error: Error) => void,
  ) {}

  /**
   * Lists the existing files, before a new file is written. Temporary files go at once: the result of the same operation
   * may be written to the same name again.
   */
  start(): void {
    for (const name of readdirSync(this.dir))
      if (/\.json\.tmp$/.test(name)) rmSync(join(this.dir, name), { force: true, recursive: true });
      else this.#found.add(name);
  }

  /**
   * Writes the large parameters of the submissions; durable when it resolves.
   *
   * @returns the submissions, without `params` where they are large
   * @throws StoreFullError where the disk is full; then no parameters are kept
   */
  async keepParams<S extends { operation: Submission }>(submits: readonly S[]): Promise<S[]> {
    const large = submits.filter(({ operation }) => isLargerThan(operation.params, LARGE_VALUE));
    if (large.length === 0) return [...submits];
    const sizes = await this.#keepAll(
      large.map(({ operation: { id, params } }) => ({ id, kind: "params", value: params })),
    );
    return submits.map((submit) => {
      const bytes = sizes.get(submit.operation.id);
      if (bytes === undefined) return submit;
      return { ...submit, operation: { ...submit.operation, params: {}, omitted: { params: bytes } } };
    });
  }

  /** Whether a value gets its own file. */
  isLarge(value: unknown): boolean {
    return isLargerThan(value, LARGE_VALUE);
  }

  /** Writes a large result, durable when it resolves; returns null for a small result, which stays in the record. */
  async keepResult(id: string, result: unknown): Promise<Omitted | null> {
    if (!isLargerThan(result, LARGE_VALUE)) return null;
    const sizes = await this.#keepAll([{ id, kind: "result", value: result }]);
    return { result: sizes.get(id)! };
  }

  /** Whether the file of a large value is here. */
  has(id: string, kind: PayloadKind): boolean {
    return existsSync(payloadFile(this.dir, id, kind));
  }

  /** Writes a large value of an operation that another machine has recorded. */
  async keepCopy(id: string, kind: PayloadKind, value: unknown): Promise<void> {
    await this.#keepAll([{ id, kind, value }]);
  }

  /** The record with its omitted values. A value that cannot be read stays omitted and is reported. */
  complete(record: Operation, onUnreadable: (message: string) => void): Operation {
    if (!record.omitted) return record;
    const whole: Record<string, unknown> = { ...record };
    const missing: Omitted = {};
    for (const kind of Object.keys(record.omitted) as PayloadKind[]) {
      try {
        whole[kind] = this.read(record.id, kind);
      } catch (error) {
        missing[kind] = record.omitted[kind]!;
        onUnreadable(`the ${kind} of ${record.id} cannot be read: ${(error as Error).message}`);
      }
    }
    whole.omitted = Object.keys(missing).length > 0 ? missing : null;
    return whole as Operation;
  }

  /** @throws Error where the file is missing, damaged or unreadable */
  read(id: string, kind: PayloadKind): unknown {
    return readPayload(payloadFile(this.dir, id, kind));
  }

  /** Removes the files of a removed operation. */
  remove({ id, omitted }: Pick<Operation, "id" | "omitted">): void {
    for (const kind of Object.keys(omitted ?? {}) as PayloadKind[])
      rmSync(payloadFile(this.dir, id, kind), { force: true });
  }

  /** Removes files found at the start that belong to no operation. */
  async removeOrphans(isKnown: (id: string) => boolean | Promise<boolean>): Promise<void> {
    for (const name of this.#found) {
      const [, id] = /^(\w+)\.(?:params|result)\.json$/.exec(name) ?? [];
      if (id !== undefined && !(await isKnown(id)) && this.#found.has(name))
        rmSync(join(this.dir, name), { force: true, recursive: true });
    }
    this.#found.clear();
  }

  /** Keeps all payloads or none: where one cannot be written, the others are removed. */
  async #keepAll(payloads: readonly Payload[]): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    try {
      for (let from = 0; from < payloads.length; from += PARALLEL) {
        const some = payloads.slice(from, from + PARALLEL);
        const written = await Promise.allSettled(some.map((payload) => this.#write(payload)));
        for (const [index, outcome] of written.entries()) {
          if (outcome.status === "rejected") throw outcome.reason;
          sizes.set(some[index]!.id, outcome.value);
        }
      }
      await syncDirectory(this.dir);
    } catch (error) {
      for (const { id, kind } of payloads) {
        const file = payloadFile(this.dir, id, kind);
        for (const name of [file, `${file}.tmp`]) await rm(name, { force: true }).catch(() => {});
      }
      this.onError(error as Error);
      throw isDiskFull(error) ? new StoreFullError((error as Error).message) : error;
    }
    return sizes;
  }

  /** Returns the bytes of the value's JSON. */
  async #write({ id, kind, value }: Payload): Promise<number> {
    const line = encodeRecord({ value });
    const file = payloadFile(this.dir, id, kind);
    const temporary = `${file}.tmp`;
    this.#found.delete(basename(file));
    const handle = await openNew(temporary);
    try {
      await handle.writeFile(line);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    return Buffer.byteLength(line) - FRAME_BYTES;
  }
}

/** Bytes of a payload's line without the JSON of its value. */
const FRAME_BYTES = Buffer.byteLength(encodeRecord({ value: 0 })) - 1;

async function syncDirectory(dir: string): Promise<void> {
  const handle: FileHandle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
