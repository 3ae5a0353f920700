/** Operations that wait for the time of their next attempt before they join the queue. */
export class Delays {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  add(id: string, ms: number, then: () => void): void {
    this.remove(id);
    const timer = setTimeout(() => {
      this.#timers.delete(id);
      then();
    }, ms);
    this.#timers.set(id, timer);
  }

  remove(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  stop(): void {
    for (const id of [...this.#timers.keys()]) this.remove(id);
  }
}
