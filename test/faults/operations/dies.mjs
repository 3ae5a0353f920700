/** Logs in every possible way, then dies in the given way. */
import { spawn } from "node:child_process";
import { writeFileSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

/**
 * How long after the stage began what is thrown is thrown: long after `run` was called, by machine
 * time.
 */
const LATER_MS = 300;

const WAYS = {
  exit: () => process.exit(3),
  SIGKILL: () => process.kill(process.pid, "SIGKILL"),
  SIGSEGV: () => process.kill(process.pid, "SIGSEGV"),
  abort: () => process.abort(),
  memory: () => {
    const held = [];
    for (;;) held.push(new Array(100_000).fill(Math.random()));
  },
  exception: () => {
    setTimeout(() => {
      throw new Error("thrown in a timer");
    }, LATER_MS);
  },
  rejection: () => {
    void delay(LATER_MS).then(() => Promise.reject(new Error("rejected and forgotten")));
  },
};

export class Dies extends LiveOperation {
  static stages = ["Speak", "Die"];
  static params = z.object({
    way: z.enum(Object.keys(WAYS)),
    pids: z.string().optional().describe("a file for the pids of children that would outlive it"),
  });

  async run(p) {
    await p.stage("Speak", () => {
      p.log("said by p.log");
      console.log("said by console.log");
      writeSync(1, "said past JavaScript to stdout\n");
      writeSync(2, "said past JavaScript to stderr\n");
    });
    await p.stage("Die", async () => {
      if (this.params.pids !== undefined) writeFileSync(this.params.pids, children().join(" "));
      writeSync(2, "last words\n");
      WAYS[this.params.way]();
      await delay(100_000);
    });
  }
}

/** One in the worker's session, one in a session of its own. */
function children() {
  return [{}, { detached: true }].map((options) => {
    const child = spawn("sleep", ["1000"], { stdio: "ignore", ...options });
    child.unref();
    return child.pid;
  });
}
