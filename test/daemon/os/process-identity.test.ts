/** The identity of a process, and the end of its leftover processes: on real processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import {
  identify,
  isSame,
  isStopped,
  signalProcess,
  sweepOf,
  WORKER_VARIABLE,
} from "../../../daemon/os/process-identity.js";
import { newId } from "../../../protocol/id.js";
import { until } from "../../../protocol/system/until.js";

type Worker = Parameters<typeof sweepOf>[0];

/** How many processes of the worker were killed. */
async function killLeftovers(worker: Worker, spare?: number): Promise<number> {
  return (await sweepOf(worker)?.kill(spare))?.killed ?? 0;
}

const children = new Set<ChildProcess>();
afterEach(async () => {
  for (const child of children)
    if (child.exitCode === null && child.signalCode === null) await killed(child);
  children.clear();
});

/** Says a line when it runs, then waits to be ended. Options as of `spawn`. */
async function running(
  options: { detached?: boolean; mark?: string; script?: string } = {},
): Promise<ChildProcess> {
  const script = options.script ?? "echo up; exec sleep 1000";
  const child = spawn("sh", ["-c", script], {
    detached: options.detached ?? false,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH, ...(options.mark && { [WORKER_VARIABLE]: options.mark }) },
  });
  children.add(child);
  await once(child.stdout!, "data");
  return child;
}

/** A worker of which only its mark is left. */
const gone = (workerId: string) => ({ ...identify(0x7fffffff), workerId });

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

test("a process is the same until it ends, and its pid alone is not enough", async () => {
  const child = await running();
  const identity = identify(child.pid!);
  expect(isSame(identity)).toBe(true);
  expect(isSame({ ...identity, startTime: `${Number(identity.startTime) - 1}` })).toBe(false);
  expect(isSame({ ...identity, bootId: "another boot" })).toBe(false);
  await killed(child);
  expect(isSame(identity)).toBe(false);
});

test("a signal goes to that process, or to none", async () => {
  const child = await running();
  const identity = identify(child.pid!);
  expect(signalProcess({ ...identity, startTime: "1" }, "SIGKILL")).toBe(false);
  expect(signalProcess({ ...identity, bootId: "another boot" }, "SIGKILL")).toBe(false);
  expect(isSame(identity)).toBe(true);
  const exit = once(child, "exit");
  expect(signalProcess(identity, "SIGTERM")).toBe(true);
  expect(await exit).toEqual([null, "SIGTERM"]);
  expect(signalProcess(identity, "SIGTERM")).toBe(false);
});

test("what carries a worker's mark ends, whatever session it moved to; others do not", async () => {
  const mark = newId();
  const moved = await running({ mark, detached: true });
  const ours = await running({ mark });
  const other = await running({ mark: newId(), detached: true });
  const exits = Promise.all([once(moved, "exit"), once(ours, "exit")]);
  expect(await killLeftovers(gone(mark))).toBe(2);
  expect(await exits).toEqual([
    [null, "SIGKILL"],
    [null, "SIGKILL"],
  ]);
  expect(isSame(identify(other.pid!))).toBe(true);
  expect(readFileSync(`/proc/${other.pid}/stat`, "utf8")).not.toMatch(/\) Z /);
});

test("what is in a worker's session ends, its environment scrubbed or not", async () => {
  const leader = await running({ detached: true, script: "env -i sleep 1000 & echo up; wait" });
  const exit = once(leader, "exit");
  expect(await killLeftovers({ workerId: newId(), ...identify(leader.pid!) })).toBe(2);
  expect(await exit).toEqual([null, "SIGKILL"]);
});

test("the one to be spared is", async () => {
  const mark = newId();
  const worker = await running({ mark, detached: true });
  const started = await running({ mark, detached: true });
  const exit = once(started, "exit");
  expect(await killLeftovers({ workerId: mark, ...identify(worker.pid!) }, worker.pid)).toBe(1);
  await exit;
  expect(worker.exitCode ?? worker.signalCode).toBeNull();
});

test("a worker of another boot left nothing; a pid that is somebody else's by now is no session of ours", async () => {
  const mark = newId();
  const started = await running({ mark, detached: true });
  const identity = identify(started.pid!);
  expect(await killLeftovers({ ...identity, workerId: mark, bootId: "another boot" })).toBe(0);
  expect(await killLeftovers({ ...identity, workerId: newId(), startTime: "1" })).toBe(0);
  expect(isSame(identity)).toBe(true);
});

test("a stopped process is seen as such, and a continued one is not", async () => {
  const child = await running();
  const identity = identify(child.pid!);
  expect(isStopped(identity)).toBe(false);
  child.kill("SIGSTOP");
  expect(await until(() => isStopped(identity), 5000)).toBe(true);
  child.kill("SIGCONT");
  expect(await until(() => !isStopped(identity), 5000)).toBe(true);
});
