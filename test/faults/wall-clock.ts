/**
 * A wall clock that a test sets for all processes of a daemon's world; the monotonic clock is
 * unchanged.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class WallClock implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), "liveops-clock-"));
  readonly #file = join(this.#dir, "shift");

  constructor() {
    this.jump(0);
  }

  get env(): Record<string, string> {
    const preload = new URL("./shifted-clock.mjs", import.meta.url);
    preload.searchParams.set("file", this.#file);
    return { NODE_OPTIONS: `--import ${preload.href}` };
  }

  /** From now on the clock is off by so much, in ms. */
  jump(shift: number): void {
    writeFileSync(this.#file, String(shift));
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true });
  }
}
