/**
 * The histories that a watch stream has sent: each once, and those of the types that usually follow
 * in a chain.
 */
import { historyName, type Likeness, parseHistoryName } from "../../protocol/estimate/likeness.js";
import type { Durations } from "../scheduler/durations.js";

/** Most names that are remembered: each operation may have a history key of its own. */
const MOST = 1000;

export class SentHistories {
  readonly #names = new Set<string>();

  /** @param send false: the client does not take the line now */
  constructor(
    private readonly durations: Pick<Durations, "of">,
    private readonly send: (line: object) => boolean,
  ) {}

  async bring(like: Likeness): Promise<void> {
    const name = historyName(like);
    if (this.#names.has(name)) return;
    if (this.#names.size >= MOST) this.#names.clear();
    this.#names.add(name);
    try {
      const { key } = parseHistoryName(name);
      const history = await this.durations.of(like);
      const [next] = history.next;
      if (!this.send({ type: "history", key, ...history })) this.#names.delete(name);
      else if (next !== undefined) await this.bring(next);
    } catch {
      // The archive does not answer. The client asks for the histories that it lacks.
      this.#names.delete(name);
    }
  }
}
