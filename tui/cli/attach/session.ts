/**
 * Attaches to the programs of an operation and its chain that run on a terminal, one after another,
 * until the chain is finished or the person detaches. Reconnects when the daemon restarts.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../../../protocol/client/client.js";
import { reconnecting } from "../../../protocol/client/reconnect.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { applyWatchLine, EMPTY_VIEW } from "../../../protocol/watch.js";
import type { OwnTerminal } from "../../terminal/own-terminal.js";
import type { InputSender } from "./input-sender.js";

/** A program that starts with the operation has its terminal after this time. */
const START_MS = 3000;
const AGAIN_MS = 100;

export interface SessionNotes {
  /** Before keys go to the program. */
  attached(operation: Operation): void;
  /** No program has a terminal; the operation goes on. */
  between(operation: Operation): void;
  /** The screen is drawn anew when the daemon is back. */
  lost(): void;
}

export class Session {
  #current: Operation;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(
    private readonly client: Client,
    operation: Operation,
    private readonly terminal: OwnTerminal,
    private readonly sender: InputSender,
    private readonly notes: SessionNotes,
    private readonly signal: AbortSignal,
  ) {
    this.#current = operation;
  }

  /** The operation of the chain that runs now, or ended last. */
  get operation(): Operation {
    return this.#current;
  }

  /**
   * @param once - return when the first program ends
   * @throws Refusal LIVEOPS_NO_TERMINAL if no program of the operation has a terminal
   */
  async run(once = false): Promise<Operation> {
    const watching = this.#watch();
    // Reported below, where it is awaited.
    watching.catch(() => {});
    await this.#first();
    while (!this.#isOver) {
      if (this.#current.terminal === null) {
        this.notes.between(this.#current);
        await this.#until(() => this.#current.terminal !== null || this.#isOver);
      } else if (await this.#attach(this.#current)) {
        if (once) return this.#current;
      }
      this.signal.throwIfAborted();
    }
    await watching;
    return this.#current;
  }

  /** Waits for the first terminal; a finished operation is refused. */
  async #first(): Promise<void> {
    if (this.#current.state === "queued") {
      this.notes.between(this.#current);
      await this.#until(() => this.#current.state !== "queued");
    }
    const late = delay(START_MS, undefined, { signal: this.signal }).catch(() => {});
    const hasOne = () => this.#current.terminal !== null || isFinal(this.#current.state);
    await Promise.race([this.#until(hasOne), late]);
    this.signal.throwIfAborted();
    // The daemon says why there is none.
    if (this.#current.terminal === null && !this.#isOver)
      await this.#attachOnce(this.#current, () => {});
  }

  /** Follows the record along the chain. */
  async #watch(): Promise<void> {
    let view = EMPTY_VIEW;
    const open = () =>
      this.client.watch({ operation: this.#current.id, follow: "chain" }, this.signal);
    try {
      for await (const line of reconnecting(open, { signal: this.signal })) {
        if (line.type === "chained") this.#current = line.operation;
        view = applyWatchLine(view, line);
        this.#current = view.operations.get(this.#current.id) ?? this.#current;
        if (line.type === "end") this.#isOver = true;
        this.#tell();
      }
    } finally {
      this.#isOver = true;
      this.#tell();
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async #until(isSo: () => boolean): Promise<void> {
    const aborted = new Promise<void>((done) =>
      this.signal.addEventListener("abort", () => done(), { once: true }),
    );
    while (!isSo() && !this.signal.aborted) await Promise.race([this.#changed.promise, aborted]);
  }

  /** Until the program ends. A lost daemon is asked again. @returns whether there was a terminal */
  async #attach(operation: Operation): Promise<boolean> {
    this.notes.attached(operation);
    this.terminal.enter();
    let isAttached = true;
    try {
      await this.#attachOnce(operation, () => {
        this.sender.target(operation.id);
        if (this.terminal.size !== null) this.sender.resize(this.terminal.size);
      });
    } catch (error) {
      if (!isNoTerminal(error)) throw error;
      // The program just ended, and its record says so soon.
      isAttached = false;
      await delay(AGAIN_MS, undefined, { signal: this.signal });
    } finally {
      this.sender.target(null);
    }
    await this.terminal.leave();
    const { seq } = operation;
    await Promise.race([
      this.#until(() => this.#current.terminal === null || this.#current.seq > seq || this.#isOver),
      delay(AGAIN_MS),
    ]);
    return isAttached;
  }

  async #attachOnce({ id }: Operation, onConnected: () => void): Promise<void> {
    const open = () => this.client.attach(id, this.signal);
    const { notes, signal } = this;
    let isFirst = true;
    const onLost = () => {
      this.sender.target(null);
      isFirst = true;
      notes.lost();
    };
    for await (const line of reconnecting(open, { signal, onLost })) {
      if (isFirst) onConnected();
      isFirst = false;
      if (line.type === "output")
        await this.terminal.write(Buffer.from(line.data, "base64"), line.screen);
    }
  }
}

function isNoTerminal(error: unknown): boolean {
  return error instanceof Refusal && error.code === "LIVEOPS_NO_TERMINAL";
}
