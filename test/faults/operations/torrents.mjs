/**
 * Writes without end, or far too often, in the given way; a child process writes until `<gate>`
 * exists.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

/** Appends to the file descriptor that it inherits: 10,000 lines of 60 letters at a time. */
const SCRIPT = `while [ ! -e "$1" ]; do yes ${"x".repeat(59)} | head -n 10000; done`;

export class Torrents extends LiveOperation {
  static stages = ["Flow", "After"];
  static params = z.object({
    way: z.enum(["child", "blocked", "status", "stages"]),
    gate: z.string().default(""),
    times: z.number().default(0),
  });

  async run(p) {
    const { way } = this.params;
    await p.stage("Flow", () => this[way](p));
    await p.stage("After", () => p.status("the last status"));
    p.result({ way });
  }

  async child() {
    const child = spawn("sh", ["-c", SCRIPT, "sh", this.params.gate], { stdio: "inherit" });
    await once(child, "exit");
  }

  blocked() {
    spawnSync("sh", ["-c", SCRIPT, "sh", this.params.gate], { stdio: "inherit" });
  }

  async status(p) {
    for (let n = 1; n <= this.params.times; n++) {
      p.status(`status ${n}`);
      if (n % 1000 === 0) await turn();
    }
  }

  async stages(p) {
    for (let n = 1; n <= this.params.times; n++) await p.untracked(`number ${n}`, () => {});
  }
}
