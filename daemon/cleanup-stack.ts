/** What was started is stopped in the reverse order, whatever fails on the way; the first error is thrown at the end. */
export class CleanupStack {
  readonly #stack: Array<() => unknown> = [];

  add(release: () => unknown): void {
    this.#stack.push(release);
  }

  async release(): Promise<void> {
    const errors: unknown[] = [];
    for (let release = this.#stack.pop(); release; release = this.#stack.pop()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
