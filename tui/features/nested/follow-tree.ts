/**
 * Yields the lines of an operation and its chain, and of the operations inside of them, as one
 * stream.
 */
import type { Client } from "../../../protocol/client/client.js";
import { followChain, Seen } from "../../../protocol/client/follow.js";
import { Refusal } from "../../../protocol/errors.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import type { ShownLine, ShowOptions } from "../../text/chain.js";

/** The lines that follow the end of what ran in a stage or step. */
const ENDS = new Set<string>([
  "stage:left",
  "step:finished",
  "attempt:finished",
  "operation:finished",
]);

export async function* followTree(
  client: Pick<Client, "events">,
  id: string,
  options: ShowOptions,
): AsyncGenerator<ShownLine> {
  const tree = new Tree(client, options);
  const whole = tree.follow(id, false).finally(() => tree.end());
  // Thrown below.
  whole.catch(() => {});
  for (let line = await tree.next(); line !== null; line = await tree.next()) yield line;
  await whole;
}

class Tree {
  readonly #lines: ShownLine[] = [];
  #wake: () => void = () => {};
  #isOver = false;
  /** The time at which the first attempt to show begins; null: its beginning was not read yet. */
  #begins: string | null = null;
  /** The lines of each operation inside of another one. */
  readonly #seen = new Map<string, Seen>();
  /** The ends of the chains inside that are followed, by their first operation. */
  readonly #open = new Map<string, Promise<void>>();

  constructor(
    private readonly client: Pick<Client, "events">,
    private readonly options: ShowOptions,
  ) {}

  /** Null: there are no more. */
  async next(): Promise<ShownLine | null> {
    while (this.#lines.length === 0 && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#lines.shift() ?? null;
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async follow(first: string, isInside: boolean): Promise<void> {
    const running: Array<{ step: string | undefined; ends: Promise<void> }> = [];
    for await (const each of followChain(this.client, first, this.options)) {
      const { id, line } = each;
      const at = line.type === "end" ? null : line.at;
      if (!isInside && this.options.isBeginning(line)) this.#begins ??= at;
      const isPast = this.#begins === null || (isInside && at !== null && at < this.#begins);
      // The lines of what ran inside come on a stream of their own, and belong before its end.
      const ended =
        line.type === "step:finished" ? running.filter(({ step }) => step === line.step) : running;
      if (ENDS.has(line.type)) await Promise.all(ended.map(({ ends }) => ends));
      if (line.type === "child:began" && !isPast)
        running.push({ step: line.step, ends: this.#followInside(line.child) });
      if (isInside && !this.#isNew(id, line)) continue;
      this.#lines.push({ ...each, isInside, isPast });
      this.#wake();
    }
  }

  /** A later attempt that goes on with an operation begins it again, and its stream begins anew. */
  #isNew(id: string, line: EventLine): boolean {
    const seen = this.#seen.get(id) ?? new Seen();
    this.#seen.set(id, seen);
    return seen.isNew(line);
  }

  #followInside(first: string): Promise<void> {
    const ends =
      this.#open.get(first) ??
      this.follow(first, true)
        // It was removed, or too many streams are open.
        .catch((error: unknown) => {
          if (!(error instanceof Refusal)) throw error;
        })
        .finally(() => this.#open.delete(first));
    this.#open.set(first, ends);
    return ends;
  }
}
