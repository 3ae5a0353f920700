/** Measures processes from spawn to exit. */
import { spawn } from "node:child_process";

/**
 * Milliseconds until the program has exited.
 *
 * @throws where the exit code is not 0
 */
export function timed(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program, ...rest] = words as [string, ...string[]];
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve(performance.now() - start);
      else reject(new Error(`${words.join(" ")} ended with ${code}: ${said}`));
    });
  });
}
