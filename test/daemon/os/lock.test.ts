/** The kernel's lock: released at any end of its holder, and held while the holder is stopped. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acquireLock, isLocked } from "../../../daemon/os/kernel-lock.js";
import { until } from "../../../protocol/system/until.js";
import { bundleForChild } from "../../harness/bundle.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let script: string;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  script = await bundleForChild(
    directory(),
    `import { acquireLock } from "./daemon/os/kernel-lock.js";
     const lock = acquireLock(process.argv[2]);
     process.send(lock !== null);
     process.on("message", () => { lock.release(); process.send("released"); });
     if (!lock) process.disconnect();`,
  );
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

async function holder(file: string): Promise<{ child: ChildProcess; got: boolean }> {
  const child = fork(script, [file], { stdio: "ignore" });
  children.add(child);
  const [got] = (await once(child, "message")) as [boolean];
  return { child, got };
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("one holder at a time, and a killed one holds nothing", async () => {
  const file = join(directory(), "a.lock");
  const first = await holder(file);
  expect(first.got).toBe(true);
  expect(isLocked(file)).toBe(true);
  expect((await holder(file)).got).toBe(false);
  expect(acquireLock(file)).toBeNull();
  await killed(first.child);
  expect(isLocked(file)).toBe(false);
  const second = await holder(file);
  expect(second.got).toBe(true);
  await killed(second.child);
});

test("a stopped process still holds its lock", async () => {
  const file = join(directory(), "a.lock");
  const { child } = await holder(file);
  child.kill("SIGSTOP");
  const stopped = await until(
    () => / T /.test(readFileSync(`/proc/${child.pid}/stat`, "utf8")),
    5000,
  );
  expect(stopped).toBe(true);
  expect(isLocked(file)).toBe(true);
  await killed(child);
  expect(isLocked(file)).toBe(false);
});

test("of ten that start at once, one wins", async () => {
  const file = join(directory(), "a.lock");
  const all = await Promise.all(Array.from({ length: 10 }, () => holder(file)));
  expect(all.filter(({ got }) => got)).toHaveLength(1);
  await Promise.all(
    all
      .filter(({ child, got }) => got && child.exitCode === null)
      .map(({ child }) => killed(child)),
  );
});

test("a released lock is free, for others and for oneself", async () => {
  const file = join(directory(), "a.lock");
  const { child } = await holder(file);
  child.send("release");
  await once(child, "message");
  expect(isLocked(file)).toBe(false);
  const lock = acquireLock(file);
  expect(lock).not.toBeNull();
  lock?.release();
  expect(() => lock?.release()).not.toThrow();
  await killed(child);
});

test("a file that is not there is held by nobody, and is not made by asking", () => {
  const file = join(directory(), "none.lock");
  expect(isLocked(file)).toBe(false);
  expect(existsSync(file)).toBe(false);
});

test.each(["a #1", "50 % of it", "what?", "é ü", "a&b=c;d", "mode=ro"])(
  "in a directory named %j as in any other",
  async (name) => {
    const parent = directory();
    const dir = join(parent, name);
    mkdirSync(dir);
    const file = join(dir, "x.lock");
    const { child } = await holder(file);
    expect(isLocked(file)).toBe(true);
    await killed(child);
    expect(isLocked(file)).toBe(false);
    expect(readdirSync(parent)).toEqual([name]);
    expect(readdirSync(dir)).toEqual(["x.lock"]);
  },
);
