/** task-spooler (tsp) with its own socket. Its server ends with the measure. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./at-exit.js";
import { cleanEnv } from "./world.js";

export class TaskSpooler {
  readonly #dir = mkdtempSync(join(tmpdir(), "liveops-bench-tsp-"));
  readonly env = { ...cleanEnv(), TS_SOCKET: join(this.#dir, "socket"), TMPDIR: this.#dir };

  readonly end = atExit(() => {
    // The end of the server does not end the running job.
    execFileSync("tsp", ["-k"], { env: this.env, stdio: "ignore" });
    execFileSync("tsp", ["-K"], { env: this.env, stdio: "ignore" });
    rmSync(this.#dir, { recursive: true, force: true });
  });

  /** Version; null where task-spooler is not installed. */
  static version(): string | null {
    try {
      return (
        /v?(\d+\.\d+[.\d]*)/.exec(execFileSync("tsp", ["-V"], { encoding: "utf8" }))?.[1] ??
        "of unknown version"
      );
    } catch {
      return null;
    }
  }
}
