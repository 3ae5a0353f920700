/** A wall clock that a test sets for all processes of a daemon's world; the monotonic clock is unchanged. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export class WallClock implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), "liveops-clock-"));
  readonly #file = join(this.#dir, "shift");

  constructor() {
    this.jump(0);
  }

  get env(): Record<string, string> {
    const preload = fileURLToPath(new URL("./shifted-clock.mjs", import.meta.url));
    return { NODE_OPTIONS: `--import ${preload}`, LIVEOPS_TEST_CLOCK: this.#file };
  }

  /** From now on the clock is off by so much, in ms. */
  jump(shift: number): void {
    writeFileSync(this.#file, String(shift));
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true });
  }
}
