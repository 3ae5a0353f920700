/**
 * Decides whether a worker may run another operation. Its process ends if it holds too many
 * resources, or if the last operation left activity in it.
 *
 * The leftovers of operations add up in a process: descriptors that are never closed, memory that
 * is never freed. A new process costs about 30 ms, and is usually ready before it is needed.
 */
import { channel } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { ownMemory } from "../../protocol/system/own-process.js";

interface RecycleLimits {
  /** Open descriptors more than at the start. Default: 64. */
  descriptors: number;
  /** Bytes of resident memory. Default: 512 MiB. */
  memory: number;
  /** Operations. Default: 1000. */
  operations: number;
}

const DEFAULTS: RecycleLimits = { descriptors: 64, memory: 512 * 1024 * 1024, operations: 1000 };

/** A check takes 0.1 ms, so it is skipped if the last check is not older than this, in ms. */
const LOOK_MS = 100;

export class Recycling {
  readonly #limits: RecycleLimits;
  readonly #descriptors = openDescriptors();
  #operations = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: Partial<RecycleLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** Called after each operation. True: the process must end. */
  isDue(now = performance.now()): boolean {
    const { descriptors, memory, operations } = this.#limits;
    if (++this.#operations >= operations) return true;
    if (now - this.#lookedAt < LOOK_MS) return false;
    this.#lookedAt = now;
    return openDescriptors() - this.#descriptors > descriptors || (ownMemory().rss ?? 0) > memory;
  }
}

/** 0 if the system does not say. */
function openDescriptors(): number {
  try {
    return readdirSync("/dev/fd").length;
  } catch (error) {
    // No descriptor is left to open the directory: that is more than any limit.
    return ["EMFILE", "ENFILE"].includes((error as NodeJS.ErrnoException).code ?? "")
      ? Number.MAX_SAFE_INTEGER
      : 0;
  }
}

let children = 0;
// Node publishes a message for every child process, whatever code spawns it.
channel("child_process").subscribe(() => {
  children++;
});

/**
 * Turns of the event loop after which a handle that was closed is gone: a connection first ends its
 * writing side.
 */
const CLOSING_TURNS = 5;

/**
 * Whether an operation left a timer, a socket or a child in its worker process. Such a process gets
 * no other operation.
 */
export class ActivityBaseline {
  readonly #resources = countResources();
  readonly #children = children;

  async isQuiet(): Promise<boolean> {
    for (let turns = 0; turns < CLOSING_TURNS; turns++) {
      if (this.#isQuietNow()) return true;
      await turn();
    }
    return false;
  }

  #isQuietNow(): boolean {
    if (children !== this.#children) return false;
    for (const [name, count] of countResources()) {
      if (count > (this.#resources.get(name) ?? 0)) return false;
    }
    return true;
  }
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo())
    counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
