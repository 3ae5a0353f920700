/** Starts processes that try to outlive the operation, and never stops by itself. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

/**
 * Every process of a way appends its pid to the file $1; each ends by itself after 30 s at most.
 */
const WAYS = {
  /** No mark, a session of its own, an ancestor that lives. */
  "env -i setsid": 'env -i setsid sh -c \'echo $$ >>"$0"; exec sleep 30\' "$1" & wait',
  /** The mark alone is left. */
  "double fork": '(setsid sh -c \'sleep 30 & echo $! >>"$0"\' "$1" &) & wait; exec sleep 30',
  /** The session alone is left. */
  "double fork without the mark":
    '(env -i sh -c \'sleep 30 & echo $! >>"$0"\' "$1" &) & wait; exec sleep 30',
  /** It answers nothing but SIGKILL, and starts another process when that is killed. */
  restarts:
    'trap "" TERM; for n in 1 2 3 4 5 6; do sh -c \'echo $$ >>"$0"; exec sleep 5\' "$1"; done',
  /**
   * Each generation starts the next and ends: at most 20,000 of them, none once the directory is
   * gone.
   */
  "forks on and on": chain(""),
  "forks on and on without the mark": chain("env -i "),
  "forks on and on in new sessions": chain("setsid "),
};

function chain(prefix) {
  const next = `${prefix}sh -c "$2" sh "$1" "$2" $(($3 - 1))`;
  return `echo $$ >>"$1"; [ "$3" -gt 0 ] && [ -d "\${1%/*}" ] && ${next} & exit 0`;
}

export class Escapes extends LiveOperation {
  static stages = ["Start", "Wait"];
  static gracePeriod = 1;
  static params = z.object({
    way: z.enum(Object.keys(WAYS)),
    pids: z.string().describe("the file of the pids"),
    marked: z
      .boolean()
      .default(true)
      .describe("whether the code leaves the mark in the environment"),
    ignores: z.boolean().default(false).describe("whether it takes no notice of a stop"),
    ends: z.enum(["never", "dies", "fails"]).default("never"),
  });

  async run(p) {
    const { way, pids, marked, ignores, ends } = this.params;
    await p.stage("Start", async () => {
      if (!marked) process.env.LIVEOPS_WORKER = "nobody";
      const env = marked ? process.env : { PATH: process.env.PATH, LIVEOPS_WORKER: "nobody" };
      const script = WAYS[way];
      spawn("sh", ["-c", script, "sh", pids, script, "20000"], {
        stdio: "ignore",
        detached: !marked,
        env,
      });
      while (!existsSync(pids)) await delay(5);
    });
    await p.stage("Wait", async () => {
      if (ends === "dies") process.kill(process.pid, "SIGKILL");
      if (ends === "fails") throw new Error("it failed");
      if (!ignores) await delay(60_000, undefined, { signal: p.signal });
      else for (;;) await delay(1000);
    });
  }
}
