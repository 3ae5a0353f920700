/**
 * Ends a command that follows something when the reader of its output has ended: `liveops logs -f |
 * grep -q x`.
 */
import { spawn } from "node:child_process";
import { fstatSync } from "node:fs";
import { EXIT } from "../../protocol/exit-codes.js";

/**
 * A write fails when the reader of a pipe is gone, but nothing else of Node tells it: libuv does
 * not poll what is open for writing alone. The `tail -f` of GNU polls, and ends by SIGPIPE. Another
 * tail refuses the option, and the command ends with its next line.
 */
export function endWithReader(): void {
  const { fd } = process.stdout;
  // The stream of a test has no number.
  if (typeof fd !== "number" || !fstatSync(fd).isFIFO()) return;
  const tail = spawn("tail", ["-f", `--pid=${process.pid}`, "/dev/null"], {
    stdio: ["ignore", "inherit", "ignore"],
  });
  tail.on("error", () => {});
  tail.on("exit", (_, signal) => {
    if (signal === "SIGPIPE") process.exit(EXIT.brokenPipe);
  });
  tail.unref();
  // The pipe ends with the command.
  process.once("exit", () => tail.kill());
}
