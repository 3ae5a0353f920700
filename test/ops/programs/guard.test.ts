/** The guard, in a process of its own that is killed. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { childrenOf } from "../../../ops/programs/proc.js";
import { isRunning } from "../pids.js";
import { temporary } from "../temporary.js";

const GROUP = fileURLToPath(new URL("../../../ops/programs/group.ts", import.meta.url));

/**
 * Runs the code with `start(file?)`, which starts a program and returns its group; prints the pid
 * of each program.
 */
function worker(code: string) {
  const text = `import { Group } from ${JSON.stringify(GROUP)};
    const start = async (file) => {
      const group = await Group.start("sleep", ["1000"]);
      if (file) group.removeIfKilled(file);
      console.log(group.pid);
      return group;
    };
    ${code}
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", text], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const pids = async (count: number) => {
    const found: number[] = [];
    while (found.length < count) found.push(Number((await lines.next()).value));
    for (const pid of found)
      onTestFinished(() => {
        if (isRunning(pid)) process.kill(pid, "SIGKILL");
      });
    return found;
  };
  return { child, pids };
}

const ended = (pid: number) => expect.poll(() => isRunning(pid)).toBe(false);

test("a killed process takes its groups and their files with it, but no group that is over", async () => {
  const files = ["it's a report", "$(other)  report", "kept"].map((name) =>
    join(temporary(), name),
  );
  for (const file of files) writeFileSync(file, "");
  const [first, second, kept] = files.map((file) => JSON.stringify(file));
  const { child, pids } = worker(
    `await start(${first}); const over = await start(${kept}); await start(${second}); await start(); await over.release();
    console.log(process.pid);`,
  );
  const [one, over, two, plain, own] = await pids(5);
  expect(own).toBe(child.pid);
  child.kill("SIGKILL");
  for (const pid of [one, two, plain]) await ended(pid!);
  await expect.poll(() => files.map((file) => existsSync(file))).toEqual([false, false, true]);
  expect(isRunning(over!)).toBe(true);
});

test("the guard has no variables of the operation: it lives longer", async () => {
  const { child, pids } = worker(`process.env.TOKEN = "hunter2"; await start();`);
  const [program] = await pids(1);
  const environment = (pid: number) => readFileSync(`/proc/${pid}/environ`, "utf8");
  const guard = childrenOf(child.pid!).find((pid) => pid !== program)!;
  expect(environment(program!)).toContain("hunter2");
  expect(environment(guard)).not.toContain("hunter2");
});

test("a guard that was killed is followed by another, which knows all groups", async () => {
  const { child, pids } = worker(`await start(); process.stdin.once("data", () => start());`);
  const [first] = await pids(1);
  const guard = childrenOf(child.pid!).find((pid) => pid !== first)!;
  process.kill(guard, "SIGKILL");
  await expect.poll(() => childrenOf(child.pid!)).toEqual([first]);
  child.stdin.write("\n");
  const [second] = await pids(1);
  child.kill("SIGKILL");
  await ended(first!);
  await ended(second!);
});
