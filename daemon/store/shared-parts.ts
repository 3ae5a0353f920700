/**
 * Keeps equal parts of many operations in memory once: these parts take most of the memory of ten
 * thousand queued operations. Sharing is safe, since no part of a record is ever changed in place.
 */
import { DERIVED } from "../../protocol/submit-fields.js";
import type { Entry, Submitted } from "./decision.js";

/** The parts that operations have in common. */
const PARTS = ["op", "label", "cwd", "params", ...DERIVED] as const;

type Parts = { [Name in (typeof PARTS)[number]]?: unknown };

/**
 * Longest remembered part, in characters of JSON, and most of them: a remembered part outlives its
 * operations.
 */
const LONGEST = 4096;
const MOST = 1000;

export class SharedParts {
  readonly #known = new Map<string, unknown>();

  share(entry: Entry): Entry {
    const { record, env, events } = entry;
    return Object.assign(entry, {
      record: this.#parts(record),
      env: this.#one(env),
      events: events.map((event) =>
        event.type === "operation:submitted"
          ? { ...event, operation: this.#parts(event.operation) }
          : event,
      ),
    });
  }

  /** As `share`, for a submission before its entry exists. */
  shareSubmitted({ event, env, key }: Submitted): Submitted {
    return {
      event: { ...event, operation: this.#parts(event.operation) },
      env: this.#one(env),
      key,
    };
  }

  #parts<T extends Parts>(operation: T): T {
    const shared = { ...operation };
    for (const name of PARTS)
      if (shared[name] !== undefined) Object.assign(shared, { [name]: this.#one(shared[name]) });
    return shared;
  }

  #one<T>(value: T): T {
    const text = JSON.stringify(value);
    if (text.length > LONGEST) return value;
    const known = this.#known.get(text);
    if (known !== undefined) return known as T;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(text, value);
    return value;
  }
}
