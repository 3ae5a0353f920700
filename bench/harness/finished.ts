/** Waits for operations over one watch stream that stays open. */
import type { Client } from "../../protocol/client/client.js";
import { isFinal } from "../../protocol/state.js";

export class Finished {
  readonly #done = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  readonly #closed = new AbortController();

  /** Resolves when the stream is open. */
  static async of(client: Client): Promise<Finished> {
    const finished = new Finished();
    await finished.#open(client);
    return finished;
  }

  /** Call once for each operation. */
  wait(id: string): Promise<void> {
    if (this.#done.delete(id)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  close(): void {
    this.#closed.abort(new Error("done"));
  }

  async #open(client: Client): Promise<void> {
    const lines = client.watch({}, this.#closed.signal);
    await lines.next();
    void this.#read(lines);
  }

  async #read(lines: ReturnType<Client["watch"]>): Promise<void> {
    try {
      for await (const line of lines) {
        if (line.type === "changed" && line.patch.state && isFinal(line.patch.state)) this.#tell(line.id);
      }
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error;
    }
  }

  #tell(id: string): void {
    const resolve = this.#waiting.get(id);
    if (resolve) {
      this.#waiting.delete(id);
      resolve();
    } else this.#done.add(id);
  }
}
