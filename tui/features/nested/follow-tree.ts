/** Yields the lines of an operation and its chain, and of the operations inside of them, as one stream. */
import type { Client } from "../../../protocol/client/client.js";
import { type FollowedLine, followChain } from "../../../protocol/client/follow.js";
import type { Reconnect } from "../../../protocol/client/reconnect.js";
import { Refusal } from "../../../protocol/errors.js";

/** The lines that follow the end of what ran in a stage or step. */
const ENDS = new Set<string>(["stage:left", "step:finished", "attempt:finished", "operation:finished"]);

interface TreeLine extends FollowedLine {
  /** The operation runs inside of another one. */
  isInside: boolean;
}

export async function* followTree(
  client: Pick<Client, "events">,
  id: string,
  options: Reconnect,
): AsyncGenerator<TreeLine> {
  const tree = new Tree(client, options);
  const whole = tree.follow(id, false).finally(() => tree.end());
  // Thrown below.
  whole.catch(() => {});
  for (let line = await tree.next(); line !== null; line = await tree.next()) yield line;
  await whole;
}

/** Where the lines of a chain have come to. */
interface Reached {
  id: string;
  seq: number;
  logLine: number;
}

class Tree {
  readonly #lines: TreeLine[] = [];
  #wake: () => void = () => {};
  #isOver = false;
  /** The chains inside of other operations, by their first operation. */
  readonly #inside = new Map<string, { reached: Reached; ends: Promise<void> | null }>();

  constructor(
    private readonly client: Pick<Client, "events">,
    private readonly options: Reconnect,
  ) {}

  /** Null: there are no more. */
  async next(): Promise<TreeLine | null> {
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

  async follow(from: string, isInside: boolean, reached?: Reached): Promise<void> {
    const running = new Set<Promise<void>>();
    const after = reached && { seq: reached.seq, logLine: reached.logLine };
    for await (const each of followChain(this.client, from, { ...this.options, ...(after && { after }) })) {
      const { id, line } = each;
      // The lines of what ran inside come on a stream of their own, and belong before its end.
      if (ENDS.has(line.type)) await Promise.all(running);
      this.#lines.push({ ...each, isInside });
      this.#wake();
      if (reached && reached.id !== id) Object.assign(reached, { id, seq: 0, logLine: 0 });
      if (reached && line.type === "log:line") reached.logLine = line.n;
      else if (reached && line.type !== "end") reached.seq = Math.max(reached.seq, line.seq);
      if (line.type === "child:began") running.add(this.#followInside(line.child));
    }
  }

  /** A later attempt that goes on with the same operation tells it again. */
  #followInside(first: string): Promise<void> {
    const chain = this.#inside.get(first) ?? { reached: { id: first, seq: 0, logLine: 0 }, ends: null };
    this.#inside.set(first, chain);
    chain.ends ??= this.follow(chain.reached.id, true, chain.reached)
      // It was removed, or too many streams are open.
      .catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
      })
      .finally(() => {
        chain.ends = null;
      });
    return chain.ends;
  }
}
