/**
 * Hints to the other hosts that something changed: notifications of PostgreSQL, each in a
 * transaction of its own. A hint may be lost, so everybody polls as well.
 */

/**
 * A new decision (its number), new pieces of run files (ids of the operations), or a changed
 * setting or type.
 */
export type Hint = { n: number } | { ids: string[] } | { settings: true };

/** A payload has 8000 bytes at most. */
const IDS_IN_A_HINT = 400;

/**
 * Rest in ms after a hint, in which others gather: each hint wakes every host. A busy host reads
 * decisions by its own exchanges, so hints of decisions are for the others.
 */
const REST_MS = { pieces: 5, decisions: 50 };

export function parseHint(payload: string): Hint {
  const [kind, ...words] = payload.split(" ");
  if (kind === "d") return { n: Number(words[0]) };
  return kind === "p" ? { ids: words } : { settings: true };
}

/** Sends hints one after the other; those that come meanwhile are sent as one. */
export class HintSender {
  #isSending = false;
  #n = 0;
  #settings = false;
  readonly #ids = new Set<string>();

  constructor(private readonly send: (payloads: string[]) => Promise<unknown>) {}

  decided(n: number): void {
    this.#n = Math.max(this.#n, n);
    void this.#run();
  }

  shipped(ids: Iterable<string>): void {
    for (const id of ids) this.#ids.add(id);
    void this.#run();
  }

  changedSettings(): void {
    this.#settings = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let payloads = this.#take(); payloads.length > 0; payloads = this.#take()) {
        await this.send(payloads);
        const rest = payloads.every((payload) => payload.startsWith("d "))
          ? REST_MS.decisions
          : REST_MS.pieces;
        await new Promise((resolve) => setTimeout(resolve, rest));
      }
    } catch {
      // The engine is away: who polls finds out.
    } finally {
      this.#isSending = false;
    }
  }

  #take(): string[] {
    const payloads: string[] = [];
    if (this.#n > 0) payloads.push(`d ${this.#n}`);
    if (this.#settings) payloads.push("s");
    const ids = [...this.#ids].slice(0, IDS_IN_A_HINT);
    if (ids.length > 0) payloads.push(`p ${ids.join(" ")}`);
    this.#n = 0;
    this.#settings = false;
    for (const id of ids) this.#ids.delete(id);
    return payloads;
  }
}
