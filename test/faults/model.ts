/**
 * A simple model of the daemon's state: operations in order, a queue, slots. No time, no processes.
 *
 * Operations wait at gates (`operations/gate.mjs`), so that only commands change the state. After each command the real
 * daemon must reach exactly this state.
 */

export type Word = "go" | "fail" | "chain";

export interface ModelOperation {
  name: string;
  state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  attempt: number;
  /** Whether its chain goes on: a link that handed over is not retried with a second successor of the same name. */
  handedOver: boolean;
  /** Every attempt that ran the user's code. */
  ran: number[];
}

export class Model {
  readonly operations: ModelOperation[] = [];
  readonly #queue: ModelOperation[] = [];
  #names = 0;

  constructor(readonly slots: number) {}

  in(...states: ModelOperation["state"][]): ModelOperation[] {
    return this.operations.filter(({ state }) => states.includes(state));
  }

  nextName(): string {
    return `gate-${this.#names + 1}`;
  }

  submit(): ModelOperation {
    return this.#add(`gate-${++this.#names}`);
  }

  open(operation: ModelOperation, word: Word): void {
    operation.state = word === "fail" ? "failed" : "succeeded";
    if (word === "chain") {
      operation.handedOver = true;
      this.#add(`${operation.name}+`);
    }
    this.#fill();
  }

  cancel(operation: ModelOperation): void {
    const index = this.#queue.indexOf(operation);
    if (index !== -1) this.#queue.splice(index, 1);
    operation.state = "cancelled";
    this.#fill();
  }

  retry(operation: ModelOperation): void {
    operation.state = "queued";
    this.#queue.push(operation);
    this.#fill();
  }

  loseWorker(operation: ModelOperation): void {
    operation.state = "failed";
    this.#fill();
  }

  remove(operation: ModelOperation): void {
    const queued = this.#queue.indexOf(operation);
    if (queued !== -1) this.#queue.splice(queued, 1);
    this.operations.splice(this.operations.indexOf(operation), 1);
  }

  /** What both sides are compared by, newest first. */
  shown(): string[] {
    return this.operations.map(({ name, state, attempt }) => `${name} ${state} ${attempt}`).reverse();
  }

  #add(name: string): ModelOperation {
    const operation: ModelOperation = { name, state: "queued", attempt: 0, handedOver: false, ran: [] };
    this.operations.push(operation);
    this.#queue.push(operation);
    this.#fill();
    return operation;
  }

  #fill(): void {
    while (this.#queue.length > 0 && this.in("running").length < this.slots) {
      const next = this.#queue.shift()!;
      next.state = "running";
      next.attempt++;
      next.ran.push(next.attempt);
    }
  }
}
