/**
 * Sends decisions to the engine. While a call is under way, the next decisions gather, so that a call under load carries
 * many: the engine commits once for all of them.
 */
import { randomUUID } from "node:crypto";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { AppendItem } from "../engine/rows.js";

/** Most groups in a call. */
const MOST = 500;

interface Waiting {
  token: string;
  items: AppendItem[];
  resolve: (n: number) => void;
  reject: (error: Error) => void;
}

export class Appends {
  #waiting: Waiting[] = [];
  #sending: Promise<void> | null = null;
  /** When the present call began, by the monotonic clock in ms; null: none is under way. */
  #since: number | null = null;

  constructor(
    private readonly engine: Pick<FleetEngine, "appendEach">,
    /** The engine has recorded decisions. */
    private readonly onRecorded: () => void,
  ) {}

  /** Milliseconds since the present call began; 0: none is under way. */
  get waitingMs(): number {
    return this.#since === null ? 0 : performance.now() - this.#since;
  }

  /**
   * Resolves with the number of the last item, once it is durable. All items are recorded or none.
   *
   * @throws the errors of the engine
   */
  add(items: AppendItem[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ token: randomUUID(), items, resolve, reject });
      this.#sending ??= this.#send().finally(() => {
        this.#sending = null;
      });
    });
  }

  async #send(): Promise<void> {
    // Decisions of one turn share a call.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const groups = this.#waiting.splice(0, MOST);
      this.#since = performance.now();
      try {
        const verdicts = await this.engine.appendEach(groups.map(({ token, items }) => ({ token, items })));
        for (const [index, verdict] of verdicts.entries()) {
          const { resolve, reject } = groups[index]!;
          if (verdict.error) reject(verdict.error);
          else {
            this.onRecorded();
            resolve(verdict.n!);
          }
        }
      } catch (error) {
        for (const { reject } of groups) reject(error as Error);
      }
      this.#since = null;
    }
  }
}
