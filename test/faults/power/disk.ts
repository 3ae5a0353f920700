/**
 * A disk that is cut off: from the recorded calls it knows what is synced and what is only written,
 * and makes the states of the files that a power cut may leave.
 *
 * Synced data and synced names are in every state. What else is there depends on the order that the
 * disk keeps:
 * - `nothing`, `everything`: of what is not synced
 * - `ext4`: names appear in the order of their changes, and any sync of new metadata makes all
 *   earlier ones durable (data=ordered). Each page of 4 KiB is as old as any of its states since
 *   the sync; a file that grew holds its data.
 * - `names first`: all names and sizes, no data: files are filled with zeros
 * - `empty files`: all names, no data: files have their synced size
 * - `any order`: each name is there or not, each piece of a file is of any age, each file has the
 *   size of any moment
 *
 * Not modelled: disks that lose what they have synced, and bits that change.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Dice } from "../mode.js";
import type { Call } from "./trace.js";

export const ORDERS = [
  "nothing",
  "everything",
  "ext4",
  "names first",
  "empty files",
  "any order",
] as const;
export type Order = (typeof ORDERS)[number];

type Change = { position: number; bytes: Buffer } | { size: number };

class File {
  durable: Buffer = Buffer.alloc(0);
  /** Changes since the last sync, in order, and the number of those before. */
  changes: Change[] = [];
  synced = 0;
  size = 0;
  /** Where a write without a position goes; null: to the end. */
  position: number | null = 0;
}

interface NameStep {
  /** Number of the change among all changes of names. */
  n: number;
  name: string;
  /** Null: the name is removed. */
  node: Node | null;
}

class Directory {
  names = new Map<string, Node>();
  durable = new Map<string, Node>();
  /** Changes of names since the last sync, in order. */
  steps: NameStep[] = [];
}

type Node = File | Directory;

/** Pieces of a file that are written whole, in bytes. */
const PIECES = [4096, 512, 61];

export class Disk {
  readonly #root = new Directory();
  readonly #syncs = new Map<number, () => void>();
  #changes = 0;
  /** The last change of names that ext4 has made durable. */
  #committed = 0;

  /** @param dir - the directory that is recorded; its name in its parent counts too */
  constructor(
    private readonly dir: string,
    /** Syncs that the disk drops, to see that a loss is found. */
    private readonly drops: (path: string) => boolean = () => false,
  ) {}

  apply(call: Call): void {
    if (call.type === "open") this.#open(call);
    else if (call.type === "write") this.#write(call.path, call.bytes, call.position);
    else if (call.type === "truncate") this.#truncate(this.#file(call.path), call.size);
    else if (call.type === "sync-begins") this.#syncs.set(call.sync, this.#sync(call.path));
    else if (call.type === "sync-ends") {
      this.#syncs.get(call.sync)?.();
      this.#syncs.delete(call.sync);
    } else if (call.type === "rename" || call.type === "link") {
      const node = this.#find(call.from);
      if (!node) return;
      const n = ++this.#changes;
      this.#name(call.to, node, n);
      if (call.type === "rename") this.#name(call.from, null, n);
    } else if (call.type === "unlink") this.#name(call.path, null);
    else if (call.type === "mkdir" && !this.#find(call.path))
      this.#name(call.path, new Directory());
  }

  /** Fills the empty directory with one of the states that the order allows. */
  leave(order: Order, dice: Dice): void {
    const last = dice.whole(this.#committed, this.#changes);
    const piece = PIECES[dice.whole(0, order === "ext4" ? 0 : PIECES.length - 1)]!;
    const names = (directory: Directory) => namesAfter(directory, order, last, dice);
    const fill = (directory: Directory, path: string) => {
      for (const [name, node] of names(directory)) {
        const at = join(path, name);
        if (node instanceof File)
          writeFileSync(at, contentAfter(node, order, piece, dice), { mode: 0o600 });
        else {
          mkdirSync(at, { mode: 0o700, recursive: true });
          fill(node, at);
        }
      }
    };
    fill(this.#root, dirname(this.dir));
  }

  #open({ path, creates, truncates, appends }: Extract<Call, { type: "open" }>): void {
    let file = this.#find(path);
    if (!file && creates) {
      file = new File();
      this.#name(path, file);
    }
    if (!(file instanceof File)) return;
    file.position = appends ? null : 0;
    if (truncates && file.size > 0) this.#truncate(file, 0);
  }

  #write(path: string, bytes: Buffer, given: number | null): void {
    const file = this.#file(path);
    if (!file) return;
    const position = given ?? file.position ?? file.size;
    if (given === null && file.position !== null) file.position += bytes.length;
    file.changes.push({ position, bytes });
    file.size = Math.max(file.size, position + bytes.length);
  }

  #truncate(file: File | null, size: number): void {
    if (!file || file.size === size) return;
    file.changes.push({ size });
    file.size = size;
  }

  /** Returns what is to be done when the sync has ended. */
  #sync(path: string): () => void {
    const node = this.#find(path);
    if (!node || this.drops(path)) return () => {};
    if (node instanceof Directory) {
      const names = new Map(node.names);
      const last = this.#changes;
      return () => {
        node.durable = names;
        node.steps = node.steps.filter(({ n }) => n > last);
        this.#committed = Math.max(this.#committed, last);
      };
    }
    const covered = node.synced + node.changes.length;
    const last = this.#changes;
    return () => {
      const before = node.durable.length;
      // Syncs may end in another order than they began.
      const count = Math.max(0, covered - node.synced);
      node.durable = contentOf(node, count);
      node.changes = node.changes.slice(count);
      node.synced += count;
      if (node.durable.length !== before) this.#committed = Math.max(this.#committed, last);
    };
  }

  #file(path: string): File | null {
    const node = this.#find(path);
    return node instanceof File ? node : null;
  }

  #find(path: string): Node | null {
    let node: Node | undefined = this.#root;
    for (const name of this.#wordsOf(path)) {
      if (!(node instanceof Directory)) return null;
      node = node.names.get(name);
    }
    return node ?? null;
  }

  #wordsOf(path: string): string[] {
    return path.slice(dirname(this.dir).length).split("/").filter(Boolean);
  }

  #name(path: string, node: Node | null, n = ++this.#changes): void {
    const name = basename(path);
    const parent = this.#find(dirname(path));
    if (!(parent instanceof Directory)) throw new Error(`${path} has no directory`);
    if (node) parent.names.set(name, node);
    else parent.names.delete(name);
    parent.steps.push({ n, name, node });
  }
}

function namesAfter({ names, durable, steps }: Directory, order: Order, last: number, dice: Dice) {
  if (order === "nothing") return durable;
  if (order !== "ext4" && order !== "any order") return names;
  const left = new Map(durable);
  let skipped = 0;
  for (const { n, name, node } of steps) {
    const isThere = order === "ext4" ? n <= last : n !== skipped && dice.chance(0.5);
    // A rename that has not given the new name has not taken the old one.
    if (!isThere) skipped = n;
    else if (node) left.set(name, node);
    else left.delete(name);
  }
  return left;
}

function contentAfter(file: File, order: Order, piece: number, dice: Dice): Buffer {
  const { changes, durable, size } = file;
  if (changes.length === 0 || order === "nothing" || order === "empty files") return durable;
  if (order === "everything") return contentOf(file, changes.length);
  if (order === "names first") {
    const zeros = Buffer.alloc(size);
    durable.copy(zeros);
    return zeros;
  }
  const sized = dice.whole(0, changes.length);
  const ages = Array.from({ length: Math.ceil(reach(file) / piece) }, (_, index) => {
    const age = dice.whole(0, changes.length);
    const isNew = (index + 1) * piece > durable.length;
    return order === "ext4" && isNew ? Math.max(age, sized) : age;
  });
  return contentOf(file, sized, { piece, ages });
}

/** The largest size of the file since its sync. */
function reach({ durable, changes }: File): number {
  return Math.max(
    durable.length,
    ...changes.map((change) =>
      "size" in change ? change.size : change.position + change.bytes.length,
    ),
  );
}

/**
 * The content with the size after so many changes, and each piece as it was after its own number of
 * changes.
 */
function contentOf(file: File, sized: number, torn?: { piece: number; ages: number[] }): Buffer {
  const { durable, changes } = file;
  const content = Buffer.alloc(reach(file));
  durable.copy(content);
  let size = durable.length;
  for (const [index, change] of changes.entries()) {
    const after =
      "size" in change ? change.size : Math.max(size, change.position + change.bytes.length);
    if (index < sized) size = after;
    else if (!torn) break;
    const [start, bytes] =
      "size" in change
        ? [change.size, Buffer.alloc(Math.max(0, content.length - change.size))]
        : [change.position, change.bytes];
    if (!torn) {
      bytes.copy(content, start);
      continue;
    }
    for (let at = start; at < start + bytes.length; ) {
      const number = Math.floor(at / torn.piece);
      const end = Math.min(start + bytes.length, (number + 1) * torn.piece);
      if (index < torn.ages[number]!) bytes.copy(content, at, at - start, end - start);
      at = end;
    }
  }
  return content.subarray(0, size);
}
