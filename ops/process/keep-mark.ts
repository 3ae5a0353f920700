/** The mark in the environment of what an operation starts, whatever environment its code gives a process. */
import { tracingChannel } from "node:diagnostics_channel";

/**
 * Puts the mark into the environment of every process that is spawned here. Node publishes each spawn before it
 * happens (Node 24 and newer). An older Node, and `spawnSync`, pass on the environment as the code gives it.
 *
 * @param mark `NAME=value`
 */
export function keepMark(mark: string): void {
  const name = mark.slice(0, mark.indexOf("=") + 1);
  const ignore = () => {};
  tracingChannel("child_process.spawn").subscribe({
    start(message) {
      const { envPairs } = (message as { options?: { envPairs?: unknown } }).options ?? {};
      if (!Array.isArray(envPairs) || envPairs.includes(mark)) return;
      const index = envPairs.findIndex((pair) => String(pair).startsWith(name));
      if (index !== -1) envPairs.splice(index, 1);
      envPairs.push(mark);
    },
    end: ignore,
    asyncStart: ignore,
    asyncEnd: ignore,
    error: ignore,
  });
}
