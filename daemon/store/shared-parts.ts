/**
 * Keeps equal parts of many operations (title, stages, directory, environment, often the parameters) in memory once.
 * These parts take most of the memory of ten thousand queued operations.
 *
 * Sharing is safe, since no part of a record is ever changed in place.
 */
import type { Submission } from "../../protocol/event.js";
import type { Entry, Submitted } from "./decision.js";

/** Longest remembered part, in characters of JSON: a remembered part outlives its operations. */
const LONGEST = 4096;

/** Most operation types with remembered parts. */
const MOST_TYPES = 200;

interface Known {
  text: string;
  value: unknown;
  /** The last equal value that is not identical. */
  also: unknown;
}

export class SharedParts {
  /** The last value by type and part. */
  readonly #known = new Map<string, Map<string, Known>>();

  /** The entry with its parts replaced by equal known parts. */
  share(entry: Entry): Entry {
    const { record } = entry;
    const parts = this.#partsOf(record.op);
    const { id } = record;
    const chain = { ...record.chain, id: record.chain.id === id ? id : record.chain.id };
    const shared = {
      op: one(parts, "op", record.op),
      title: one(parts, "title", record.title),
      label: one(parts, "label", record.label),
      cwd: one(parts, "cwd", record.cwd),
      params: one(parts, "params", record.params),
      stages: one(parts, "stages", record.stages),
      chain,
      ...(record.historyKey !== undefined && {
        historyKey: one(parts, "historyKey", record.historyKey),
      }),
    };
    const { createdAt } = record;
    const updatedAt = record.updatedAt === createdAt ? createdAt : record.updatedAt;
    entry.record = { ...record, ...shared, updatedAt };
    entry.env = one(parts, "env", entry.env);
    const [first, ...later] = entry.events;
    // The submission of an edited operation has values of its own.
    const isEdited = later.some(({ type }) => type === "operation:edited");
    if (first?.type === "operation:submitted" && !isEdited) {
      const own = first.operation.chain;
      const { params: _, ...rest } = shared;
      const source = first.operation.source && one(parts, "source", first.operation.source);
      const operation = {
        ...first.operation,
        ...rest,
        chain: equal(own, chain) ? chain : own,
        ...(source && { source }),
      };
      entry.events = [{ ...first, at: first.at === createdAt ? createdAt : first.at, operation }, ...later];
    }
    return entry;
  }

  /** As `share`, for a submission before its entry exists. */
  shareSubmitted({ event, env, key }: Submitted): Submitted {
    const { operation } = event;
    const parts = this.#partsOf(operation.op);
    const { id, chain } = operation;
    const shared: Submission = {
      ...operation,
      op: one(parts, "op", operation.op),
      title: one(parts, "title", operation.title),
      label: one(parts, "label", operation.label),
      cwd: one(parts, "cwd", operation.cwd),
      params: one(parts, "params", operation.params),
      stages: one(parts, "stages", operation.stages),
      chain: { ...chain, id: chain.id === id ? id : chain.id },
      ...(operation.historyKey !== undefined && {
        historyKey: one(parts, "historyKey", operation.historyKey),
      }),
      ...(operation.source && { source: one(parts, "source", operation.source) }),
    };
    return {
      event: { ...event, at: one(parts, "at", event.at), operation: shared },
      env: one(parts, "env", env),
      key,
    };
  }

  #partsOf(op: string): Map<string, Known> {
    let parts = this.#known.get(op);
    if (parts) return parts;
    if (this.#known.size >= MOST_TYPES) this.#known.clear();
    parts = new Map();
    this.#known.set(op, parts);
    return parts;
  }
}

function one<T>(parts: Map<string, Known>, name: string, value: T): T {
  const known = parts.get(name);
  if (known && (known.value === value || known.also === value)) return known.value as T;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (known && known.text === text && typeof known.value === typeof value) {
    known.also = value;
    return known.value as T;
  }
  if (text !== undefined && text.length <= LONGEST) parts.set(name, { text, value, also: value });
  return value;
}

function equal(a: Entry["record"]["chain"], b: Entry["record"]["chain"]): boolean {
  return a.id === b.id && a.index === b.index && a.previous === b.previous && a.next === b.next;
}
