/** pm2 with its own home, so that it touches no other pm2. Its daemon ends with the measure. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atExit } from "./at-exit.js";
import { cleanEnv, node } from "./world.js";

export class Pm2 {
  readonly #dir = mkdtempSync(join(tmpdir(), "liveops-bench-pm2-"));
  readonly env = { ...cleanEnv(), PM2_HOME: this.#dir, PM2_DISCRETE_MODE: "true" };
  /** Path of a program that only waits. */
  readonly script = join(this.#dir, "waits.cjs");

  constructor() {
    writeFileSync(this.script, "setInterval(() => {}, 1000);\n");
  }

  words(...words: string[]): string[] {
    return [node, BIN, ...words];
  }

  /** Ends the pm2 daemon and its programs; the next command starts the daemon again. */
  kill(): void {
    execFileSync(node, [BIN, "kill"], { env: this.env, stdio: "ignore" });
  }

  readonly end = atExit(() => {
    this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  });

  static isThere(): boolean {
    return existsSync(BIN);
  }
}

const BIN = fileURLToPath(new URL("../node_modules/pm2/bin/pm2", import.meta.url));
