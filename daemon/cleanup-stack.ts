/**
 * Stops started services in the reverse order, even where some fail; throws the first error at the
 * end.
 */
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
