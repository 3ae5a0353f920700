/**
 * The queues: how many operations of each may run at the same time, and whether the queue is
 * paused. A setting keeps what commands have set; it is recorded before the change takes effect.
 */

import { Refusal } from "../../protocol/errors.js";
import type { Blocked } from "../../protocol/operation.js";
import type { QueueReply } from "../../protocol/replies.js";
import { DEFAULT_QUEUE } from "../../protocol/submit-fields.js";
import { nearest } from "../../protocol/text/nearest.js";
import type { Bus } from "../bus.js";
import { sharedTime } from "../os/shared-clock.js";
import type { Settings } from "../settings.js";
import type { Entry } from "../store/decision.js";
import { quarantineFile } from "../store/quarantine.js";
import { FileSetting, type Setting } from "../store/setting.js";
import { Hold } from "./holds/hold.js";

/** Slots of a queue that was created without a number. */
const DEFAULT_CONCURRENCY = 1;

/** Most bytes read from the file. */
const MOST_BYTES = 1024 * 1024;

/** Most queues. */
const MOST_QUEUES = 1000;

/** What commands have set of one queue. */
interface SavedQueue {
  concurrency?: number;
  /** ISO 8601. */
  pausedSince?: string;
}

/** What commands have set, by queue. */
export type SavedQueues = Readonly<Record<string, SavedQueue>>;

/**
 * Settings of the default queue and of the queues of the config file. The flag `--concurrency` wins
 * over what commands set.
 */
type QueueSettings = Pick<Settings, "concurrency" | "queues"> & {
  flags: Pick<Settings["flags"], "concurrency">;
};

interface QueuesOptions {
  bus: Bus;
  saved: Setting<SavedQueues>;
  settings: QueueSettings;
}

export class Queues extends Hold {
  #saved: ReadonlyMap<string, SavedQueue>;
  readonly #startedAt = new Date().toISOString();

  constructor(private readonly options: QueuesOptions) {
    super();
    this.#saved = new Map(Object.entries(options.saved.value));
    options.saved.onChange(() => this.#changed());
  }

  has(name: string): boolean {
    return (
      name === DEFAULT_QUEUE ||
      this.#saved.has(name) ||
      Object.hasOwn(this.options.settings.queues, name)
    );
  }

  /** All names, the default queue first. */
  names(): string[] {
    const others = new Set([...Object.keys(this.options.settings.queues), ...this.#saved.keys()]);
    others.delete(DEFAULT_QUEUE);
    return [DEFAULT_QUEUE, ...[...others].sort()];
  }

  /** How many operations of the queue may run at the same time; 0 if there is no such queue. */
  concurrency(name: string): number {
    const { concurrency, queues: configured, flags } = this.options.settings;
    const saved = this.#saved.get(name)?.concurrency;
    if (name === DEFAULT_QUEUE)
      return flags.concurrency !== null ? concurrency : (saved ?? concurrency);
    if (!this.has(name)) return 0;
    return saved ?? configured[name]?.concurrency ?? DEFAULT_CONCURRENCY;
  }

  /** Slots of all queues together. */
  get slots(): number {
    return this.names().reduce((sum, name) => sum + this.concurrency(name), 0);
  }

  /** When the queue was paused; null: it is not paused. */
  pausedSince(name: string): string | null {
    return this.#saved.get(name)?.pausedSince ?? null;
  }

  /** Whether operations of the queue may start. */
  isOpen(name: string): boolean {
    return this.pausedSince(name) === null && this.has(name);
  }

  why({ record: { queue } }: Entry): Blocked | null {
    const since = this.pausedSince(queue);
    if (since !== null)
      return {
        reason: `the queue ${queue} is paused; resume it with: liveops resume --queue ${queue}`,
        since,
      };
    if (this.has(queue)) return null;
    const reason = `there is no queue ${queue}; create it with: liveops queue set ${queue} --concurrency 1`;
    return { reason, since: this.#startedAt };
  }

  describe(
    name: string,
    counts: { queued: number; running: number; toAnswer: number },
  ): QueueReply {
    return {
      name,
      concurrency: this.concurrency(name),
      pausedSince: this.pausedSince(name),
      configured: Object.hasOwn(this.options.settings.queues, name),
      ...counts,
    };
  }

  /** All names, also of queues that other hosts have made just now. */
  async known(): Promise<string[]> {
    await this.options.saved.refresh();
    return this.names();
  }

  /** @throws Refusal where there is no such queue, also by what other hosts have made just now */
  async check(name: string): Promise<void> {
    if (this.has(name)) return;
    await this.options.saved.refresh();
    if (this.has(name)) return;
    const names = this.names();
    throw new Refusal(
      "LIVEOPS_NO_SUCH_QUEUE",
      `there is no queue ${JSON.stringify(name)}; queues: ${names.join(", ")}; create it with: liveops queue set ${name} --concurrency 1`,
      { nearest: nearest(name, names) },
    );
  }

  /**
   * Creates a queue or changes its concurrency.
   *
   * @param concurrency null: that of the config file
   */
  async set(name: string, concurrency: number | null): Promise<void> {
    if (concurrency === null) return this.#unset(name);
    if (!this.has(name) && this.names().length >= MOST_QUEUES)
      throw new Refusal(
        "LIVEOPS_QUEUE_FULL",
        `there are ${MOST_QUEUES} queues already; remove one first`,
      );
    if (name === DEFAULT_QUEUE && this.options.settings.flags.concurrency !== null)
      throw new Refusal(
        "LIVEOPS_WRONG_STATE",
        `the daemon was started with --concurrency ${this.options.settings.concurrency}, which sets the default queue; restart it with another number`,
      );
    await this.#save([name], (saved) => ({ ...saved, concurrency }));
  }

  /** @throws Refusal for a queue that only commands have made */
  async #unset(name: string): Promise<void> {
    await this.check(name);
    if (name !== DEFAULT_QUEUE && !Object.hasOwn(this.options.settings.queues, name))
      throw new Refusal("LIVEOPS_BAD_REQUEST", `the config file does not define the queue ${name}`);
    await this.#save([name], (saved) => {
      const { concurrency: _, ...rest } = saved ?? {};
      return Object.keys(rest).length === 0 ? null : rest;
    });
  }

  /**
   * Removes a queue that commands have created, and with it its pause.
   *
   * @throws Refusal for the default queue and those of the config file
   */
  async remove(name: string): Promise<void> {
    await this.check(name);
    if (name === DEFAULT_QUEUE)
      throw new Refusal("LIVEOPS_WRONG_STATE", "the default queue cannot be removed");
    if (Object.hasOwn(this.options.settings.queues, name))
      throw new Refusal(
        "LIVEOPS_WRONG_STATE",
        `the config file defines the queue ${name}; remove it there, then run liveops restart`,
      );
    await this.#save([name], () => null);
  }

  /** Pauses the queues, or resumes them, in one step. */
  async pause(names: readonly string[], isPaused: boolean): Promise<void> {
    for (const name of names) await this.check(name);
    const changed = names.filter((name) => (this.pausedSince(name) !== null) !== isPaused);
    if (changed.length === 0) return;
    await this.#save(changed, (saved) => {
      const { pausedSince: _, ...rest } = saved ?? {};
      return isPaused ? { ...rest, pausedSince: sharedTime() } : rest;
    });
  }

  #save(
    names: readonly string[],
    change: (saved: SavedQueue | undefined) => SavedQueue | null,
  ): Promise<void> {
    return this.options.saved.update((current) => {
      const all = { ...current };
      for (const name of names) {
        const after = change(all[name]);
        if (after === null) delete all[name];
        else all[name] = after;
      }
      return all;
    });
  }

  /** Announces the queues that have changed. */
  #changed(): void {
    const before = this.#saved;
    this.#saved = new Map(Object.entries(this.options.saved.value));
    for (const name of new Set([...before.keys(), ...this.#saved.keys()]))
      if (JSON.stringify(before.get(name)) !== JSON.stringify(this.#saved.get(name)))
        this.options.bus.emit("blocked", name);
  }
}

/** The queues as a file keeps them. Settings that cannot be read are set aside and reported. */
export function queuesFile(
  file: string,
  onProblem: (problem: string) => void,
): Setting<SavedQueues> {
  return new FileSetting<SavedQueues>({
    file,
    mostBytes: MOST_BYTES,
    initial: {},
    parse: parseQueues,
    onUnreadable: (message) =>
      onProblem(
        `the settings of the queues cannot be read (${message}): those of the config file apply; the file is kept in ${quarantineFile(file)}`,
      ),
    name: "the change of the queue",
  });
}

/** Leaves out what is not valid. */
export function parseQueues(json: unknown): SavedQueues {
  return Object.fromEntries(
    Object.entries(json as SavedQueues).filter(([, each]) => isSaved(each)),
  );
}

function isSaved(value: unknown): value is SavedQueue {
  if (typeof value !== "object" || value === null) return false;
  const { concurrency, pausedSince } = value as SavedQueue;
  const hasNumber =
    concurrency === undefined || (Number.isInteger(concurrency) && concurrency >= 1);
  return hasNumber && (pausedSince === undefined || Number.isFinite(Date.parse(pausedSince)));
}
