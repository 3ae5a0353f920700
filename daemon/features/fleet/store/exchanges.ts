/**
 * Exchanges with the engine: one call at a time has all that this host decides and claims, and
 * brings the new decisions of all hosts. While a call is under way, the next decisions gather, so
 * that a call under load carries many: the engine commits once for all of them.
 */
import { randomUUID } from "node:crypto";
import type {
  AppendGroup,
  AppendItem,
  Claimed,
  ClaimRequest,
  Exchange,
  Exchanged,
} from "../engine/rows.js";

/**
 * Time in ms between the beginnings of two calls of a busy host: each call costs the engine as much
 * as some decisions. A caller that is alone does not wait.
 */
const BUSY_MS = 10;

/** Most groups in a call, and most bytes of lines. */
const MOST = { groups: 500, bytes: 1024 * 1024 };

type Waiting<Sent, Answer> = PromiseWithResolvers<Answer> & { sent: Sent };

export class Exchanges {
  #groups: Array<Waiting<AppendGroup, number>> = [];
  #claims: Array<Waiting<ClaimRequest, Claimed[]>> = [];
  #isRunning = false;
  /** When the present call began, by the monotonic clock in ms; null: none is under way. */
  #since: number | null = null;

  constructor(
    private readonly exchange: (exchange: Omit<Exchange, "after">) => Promise<Exchanged>,
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
  append(items: readonly AppendItem[]): Promise<number> {
    return this.#add(this.#groups, { token: randomUUID(), items });
  }

  /** @throws the errors of the engine */
  claim(request: ClaimRequest): Promise<Claimed[]> {
    return this.#add(this.#claims, request);
  }

  #add<Sent, Answer>(queue: Array<Waiting<Sent, Answer>>, sent: Sent): Promise<Answer> {
    const waiting = { sent, ...Promise.withResolvers<Answer>() };
    queue.push(waiting);
    if (!this.#isRunning) void this.#run();
    return waiting.promise;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (;;) {
      // What one turn decides shares a call, and so does what follows from the call before.
      await new Promise((resolve) => setImmediate(resolve));
      const groups = this.#take();
      const claim = this.#claims.shift();
      if (groups.length === 0 && !claim) break;
      const begun = performance.now();
      this.#since = begun;
      await this.#send(groups, claim);
      this.#since = null;
      const rest = begun + BUSY_MS - performance.now();
      const isBusy = groups.length + (claim ? 1 : 0) > 1;
      if (isBusy && rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
    this.#isRunning = false;
  }

  async #send(
    groups: Array<Waiting<AppendGroup, number>>,
    claim: Waiting<ClaimRequest, Claimed[]> | undefined,
  ): Promise<void> {
    try {
      const { verdicts, claims } = await this.exchange({
        groups: groups.map(({ sent }) => sent),
        claim: claim?.sent ?? null,
      });
      for (const [index, { n, error }] of verdicts.entries()) {
        const { resolve, reject } = groups[index]!;
        if (error) reject(error);
        else resolve(n!);
      }
      claim?.resolve(claims);
    } catch (error) {
      for (const { reject } of groups) reject(error as Error);
      claim?.reject(error as Error);
    }
  }

  #take(): Array<Waiting<AppendGroup, number>> {
    let bytes = 0;
    const end = this.#groups.findIndex(({ sent: { items } }, index) => {
      if (index >= MOST.groups || bytes >= MOST.bytes) return true;
      for (const { pieces = [] } of items) for (const { body } of pieces) bytes += body.length;
      return false;
    });
    return this.#groups.splice(0, end === -1 ? this.#groups.length : end);
  }
}
