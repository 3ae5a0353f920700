/**
 * Yields every event and log line of an operation and its chain, in order, each once, also over
 * restarts of the daemon.
 */
import { Refusal } from "../errors.js";
import type { FinalState } from "../state.js";
import type { EventLine } from "../stream-lines.js";
import type { Client } from "./client.js";
import { type Reconnect, reconnecting } from "./reconnect.js";

export interface FollowedLine {
  id: string;
  line: EventLine;
}

interface FollowOptions extends Reconnect {
  /** Skip events and lines up to these numbers. */
  after?: { seq: number; logLine: number };
  /** Continue with the next operation of the chain; true by default. */
  chain?: boolean;
}

/** Returns when the last operation is finished. The last line of each operation is its `end`. */
export async function* followChain(
  client: Pick<Client, "events">,
  id: string,
  options: FollowOptions = {},
): AsyncGenerator<FollowedLine, FinalState | null> {
  let current: string | null = id;
  let state: FinalState | null = null;
  let after = options.after;
  while (current !== null) {
    let next: string | null = null;
    try {
      for await (const line of followOne(client, current, after, options)) {
        if (line.type === "operation:finished") next = line.next;
        if (line.type === "operation:retried") next = null;
        if (line.type === "end") state = line.state;
        yield { id: current, line };
      }
    } catch (error) {
      // The chain ends before an operation that was removed.
      if (current !== id && isGone(error)) return state;
      throw error;
    }
    current = options.chain === false ? null : next;
    after = undefined;
  }
  return state;
}

function isGone(error: unknown): boolean {
  return error instanceof Refusal && error.code === "LIVEOPS_NO_SUCH_OPERATION";
}

/**
 * Yields the events and log lines of one operation, each once, also over restarts of the daemon.
 */
async function* followOne(
  client: Pick<Client, "events">,
  id: string,
  after: FollowOptions["after"],
  options: Reconnect,
): AsyncGenerator<EventLine> {
  const seen = new Seen(after);
  const open = () =>
    client.events(id, { follow: true, log: true, after: seen.resumeAfter() }, options.signal);
  for await (const line of reconnecting(open, options)) if (seen.isNew(line)) yield line;
}

/** Tracks the yielded lines: events by `seq`, log lines by `n`. */
export class Seen {
  #event: number;
  #logLine: number;
  #newest: number;
  readonly #unnumbered = new Set<string>();

  constructor(after?: FollowOptions["after"]) {
    this.#event = after?.seq ?? 0;
    this.#logLine = after?.logLine ?? 0;
    this.#newest = this.#event;
  }

  /**
   * One below the newest `seq`: lines with the newest `seq` are sent again, and `isNew` drops the
   * known ones.
   */
  resumeAfter(): number {
    return Math.max(0, this.#newest - 1);
  }

  isNew(line: EventLine): boolean {
    if (line.type === "end") return true;
    if (line.type === "log:line") {
      if (line.n <= this.#logLine) return false;
      this.#logLine = line.n;
    } else if (line.seq === 0) {
      const key = `${line.type} ${line.attempt} ${line.at}`;
      if (this.#unnumbered.has(key)) return false;
      this.#unnumbered.add(key);
    } else {
      if (line.seq <= this.#event) return false;
      this.#event = line.seq;
    }
    this.#newest = Math.max(this.#newest, line.seq);
    return true;
  }
}
