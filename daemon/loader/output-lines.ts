/**
 * Reads the output of a child process, line by line, for the daemon's log.
 *
 * The daemon writes the log itself, so that the file keeps its bound whatever a child prints.
 */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";

/** Characters that may wait for their newline. A line of the log has room for them, and for their escapes. */
const MAX_LINE = 8 * 1024;

/** Milliseconds a pipe is read after the child's end: a process that the child started may hold it open forever. */
const LINGER_MS = 1000;

/** Calls back for each line of stdout and stderr; long lines come in pieces. */
export function readOutput(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr] as Array<Socket | null>) {
    if (!stream) continue;
    let rest = "";
    const flush = () => {
      if (rest !== "") onLine(rest);
      rest = "";
    };
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      if (rest.length > MAX_LINE) flush();
    });
    stream.on("error", () => {});
    stream.on("close", flush);
    child.once("exit", () => {
      stream.unref();
      setTimeout(() => stream.destroy(), LINGER_MS).unref();
    });
  }
}
