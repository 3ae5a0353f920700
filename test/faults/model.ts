/**
 * A simple model of the daemon's state: operations in order, queues, dependencies. No time, no
 * processes.
 *
 * Operations wait at gates (`operations/turns.mjs`), so that only commands change the state. After
 * each command the real daemon must reach exactly this state.
 */

export type Word = "go" | "fail" | "chain";

export interface ModelOperation {
  name: string;
  state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  attempt: number;
  queue: string;
  priority: number;
  /** Higher: it was queued later. */
  arrival: number;
  label: string | null;
  /** It waits for a time that does not come. */
  isLater: boolean;
  isPaused: boolean;
  /** Told to a paused operation: it must not act on the word. */
  heard: Word | null;
  /** Names. */
  after: string[];
  afterAny: string[];
  /** Its successor; null: it has none. */
  next: string | null;
  /** Whether it had a successor: a second one would have the same name. */
  handedOver: boolean;
  /** Every attempt that ran the user's code. */
  ran: string[];
}

interface ModelQueue {
  concurrency: number;
  isPaused: boolean;
}

type Standing = { is: "live" | "failed" | "succeeded"; passed: ModelOperation[] };

export type Submitted = Pick<
  ModelOperation,
  "queue" | "priority" | "isLater" | "after" | "afterAny"
>;

export class Model {
  readonly operations: ModelOperation[] = [];
  readonly queues = new Map<string, ModelQueue>();
  #names = 0;
  #arrivals = 0;

  /** @param configured - the queues that are there without a command, with their concurrency */
  constructor(private readonly configured: Readonly<Record<string, number>>) {
    this.forgetQueues();
  }

  in(...states: ModelOperation["state"][]): ModelOperation[] {
    return this.operations.filter(({ state }) => states.includes(state));
  }

  nextName(): string {
    return `gate-${this.#names + 1}`;
  }

  submit(submitted: Submitted): void {
    this.#add(`gate-${++this.#names}`, submitted);
    this.#settle();
  }

  /** What the gate says to a running operation. */
  open(operation: ModelOperation, word: Word): void {
    if (operation.isPaused) operation.heard = word;
    else this.#leave(operation, word);
    this.#settle();
  }

  /** In one step: none of them starts in the place of another one. */
  cancel(...operations: ModelOperation[]): void {
    for (const operation of operations) this.#end(operation, "cancelled");
    this.#settle();
  }

  retry(operation: ModelOperation): void {
    operation.state = "queued";
    operation.arrival = ++this.#arrivals;
    this.#settle();
  }

  loseWorker(operation: ModelOperation): void {
    this.#end(operation, "failed");
    this.#settle();
  }

  /** A queued operation is cancelled first: what waits for it is cancelled. */
  remove(operation: ModelOperation): void {
    if (operation.state === "queued") this.cancel(operation);
    this.operations.splice(this.operations.indexOf(operation), 1);
    this.#settle();
  }

  edit(operation: ModelOperation, changes: Partial<ModelOperation>): void {
    Object.assign(operation, changes);
    this.#settle();
  }

  pause(operation: ModelOperation, isPaused: boolean): void {
    operation.isPaused = isPaused;
    if (!isPaused && operation.heard !== null) this.#leave(operation, operation.heard);
    this.#settle();
  }

  setQueue(name: string, concurrency: number): void {
    this.queues.set(name, { concurrency, isPaused: this.queues.get(name)?.isPaused ?? false });
    this.#settle();
  }

  /** In one step: what starts first is chosen among the operations of all of them. */
  pauseQueues(isPaused: boolean, ...names: string[]): void {
    for (const name of names) this.queues.get(name)!.isPaused = isPaused;
    this.#settle();
  }

  removeQueue(name: string): void {
    this.queues.delete(name);
  }

  /** Only the configured queues are left, and none of them is paused. */
  forgetQueues(): void {
    this.queues.clear();
    for (const [name, concurrency] of Object.entries(this.configured))
      this.queues.set(name, { concurrency, isPaused: false });
    this.#settle();
  }

  /** Live operations of a queue. */
  liveOf(queue: string): ModelOperation[] {
    return this.in("queued", "running").filter((each) => each.queue === queue);
  }

  /** Whether a queued operation waits for the end of a chain that went past this operation. */
  isPassed(operation: ModelOperation): boolean {
    return this.in("queued").some(({ after, afterAny }) =>
      [...after, ...afterAny].some((name) => {
        const { is, passed } = this.#standing(name);
        return is === "live" && passed.slice(0, -1).includes(operation);
      }),
    );
  }

  /** Operations that could start now if their queue had a slot, in the order of their turns. */
  waitingFor(queue: string): ModelOperation[] {
    return this.#ready().filter((each) => each.queue === queue);
  }

  /** What both sides are compared by, newest first. */
  shown(): string[] {
    return this.operations.map(describe).reverse();
  }

  #add(name: string, submitted: Submitted): ModelOperation {
    const operation: ModelOperation = {
      ...submitted,
      ...{
        name,
        state: "queued",
        attempt: 0,
        arrival: ++this.#arrivals,
        label: null,
        isPaused: false,
      },
      ...{ heard: null, next: null, handedOver: false, ran: [] },
    };
    this.operations.push(operation);
    return operation;
  }

  #leave(operation: ModelOperation, word: Word): void {
    this.#end(operation, word === "fail" ? "failed" : "succeeded");
    if (word !== "chain") return;
    const { name, queue, priority } = operation;
    operation.handedOver = true;
    operation.next = `${name}+`;
    const next = { queue, priority, isLater: false, after: [], afterAny: [] };
    // The next operation of a chain has the label of the one before.
    this.#add(`${name}+`, next).label = operation.label;
  }

  #end(operation: ModelOperation, state: ModelOperation["state"]): void {
    Object.assign(operation, { state, isPaused: false, heard: null });
  }

  /** Cancels what waits in vain and starts what can start, until nothing changes. */
  #settle(): void {
    for (;;) {
      const inVain = this.in("queued").find(({ after }) =>
        after.some((name) => this.#standing(name).is === "failed"),
      );
      if (inVain) {
        this.#end(inVain, "cancelled");
        continue;
      }
      const next = this.#ready().find((each) => this.#hasSlot(each));
      if (!next) return;
      next.state = "running";
      next.attempt++;
      next.ran.push(String(next.attempt));
    }
  }

  #ready(): ModelOperation[] {
    return this.in("queued")
      .filter(({ isLater, after, afterAny }) => {
        const waits = [...after, ...afterAny].some((name) => this.#standing(name).is === "live");
        return !isLater && !waits;
      })
      .sort((a, b) => b.priority - a.priority || a.arrival - b.arrival);
  }

  #hasSlot({ queue }: ModelOperation): boolean {
    const { concurrency = 0, isPaused = true } = this.queues.get(queue) ?? {};
    const running = this.in("running");
    const ofQueue = running.filter((each) => each.queue === queue).length;
    return !isPaused && ofQueue < concurrency;
  }

  /** The chain of a dependency, and how it stands. A dependency that was removed has finished. */
  #standing(name: string): Standing {
    const passed: ModelOperation[] = [];
    for (let at: string | null = name; at !== null; ) {
      const operation = this.operations.find((each) => each.name === at);
      if (!operation) break;
      passed.push(operation);
      const { state, next } = operation;
      if (state === "queued" || state === "running") return { is: "live", passed };
      if (state !== "succeeded") return { is: "failed", passed };
      at = next;
    }
    return { is: "succeeded", passed };
  }
}

/** One line of the comparison. */
export function describe(
  each: Pick<
    ModelOperation,
    "name" | "state" | "attempt" | "queue" | "priority" | "label" | "isPaused"
  >,
): string {
  const { name, state, attempt, queue, priority, label, isPaused } = each;
  return `${name} ${isPaused ? "paused" : state} ${attempt} ${queue} ${priority} ${label}`;
}
