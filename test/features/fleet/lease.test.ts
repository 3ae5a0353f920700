/**
 * Workers in a fleet end themselves once the lease of their host is over, with all that they
 * started.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { Lease as HostLease } from "../../../daemon/features/fleet/host/lease.js";
import { Cgroup } from "../../../daemon/os/cgroup.js";
import { ownCgroup } from "../../../daemon/os/cgroup-base.js";
import { identify, isRunning, isStopped } from "../../../daemon/os/process-identity.js";
import { endAtOnce } from "../../../daemon/worker/end-worker.js";
import { childrenOf } from "../../../ops/programs/proc.js";
import { newId } from "../../../protocol/id.js";
import { until } from "../../../protocol/system/until.js";
import { useDirectories } from "../../harness/temporary.js";
import { TestWorker } from "../../harness/worker.js";

const directory = useDirectories();
const LONG_MS = 20_000;

const seen = async (ask: () => unknown) =>
  expect(await until(() => Boolean(ask()), LONG_MS)).toBe(true);

/** Seconds from the deadline to the end of the process. */
async function endsAfter(worker: TestWorker, deadline: number): Promise<number> {
  expect(await worker.ended).toBe("SIGKILL");
  return uptime() - deadline;
}

const types = (worker: TestWorker) => worker.events.map(({ type }) => type);

test.concurrent("a busy loop ends at the deadline, also without a daemon, and leaves no word", async () => {
  await using worker = await TestWorker.start('p.log("busy"); for (;;);');
  worker.lease(60);
  worker.orderLeased();
  await seen(() => worker.lines.length > 0);
  worker.child.disconnect();
  expect(await endsAfter(worker, worker.lease(1.5))).toBeGreaterThan(-0.02);
  expect(types(worker)).toEqual(["attempt:accepted"]);
  expect(worker.lines.map(({ text }) => text)).toEqual(["busy"]);
});

test("the end of a lease signals the programs and the worker in one turn, the worker last", async () => {
  const program = spawn("sh", ["-c", "sleep 1000 & wait"], { detached: true });
  onTestFinished(() => void process.kill(-program.pid!, "SIGKILL"));
  await seen(() => childrenOf(program.pid!).length > 0);
  const [sleeper] = childrenOf(program.pid!);
  const sent: [pid: number, signal: unknown][] = [];
  const kill = vi.spyOn(process, "kill").mockImplementation((pid, signal) => {
    sent.push([pid, signal]);
    return true;
  });
  onTestFinished(() => kill.mockRestore());
  endAtOnce({ workerId: newId(), cgroup: null });
  kill.mockRestore();
  expect(sent.at(-1)).toEqual([process.pid, "SIGKILL"]);
  for (const signal of ["SIGSTOP", "SIGKILL"])
    for (const pid of [program.pid!, sleeper!]) expect(sent).toContainEqual([pid, signal]);
});

test.each([
  [3, 2],
  [5, 4],
  [300, 240],
])("a host that is lost after %s s ends its work after %s s", (lostAfter, expected) => {
  const dir = directory();
  const lease = new HostLease(join(dir, "lease"), lostAfter);
  lease.renewed(100);
  expect(JSON.parse(readFileSync(lease.file, "utf8")).deadline - 100).toBeCloseTo(expected);
});

test("a renewal takes no new room on the disk", () => {
  const dir = directory();
  const lease = new HostLease(join(dir, "lease"), 3);
  const files = [1, 123_456.78, 9_999_999.999].map((sentAt) => {
    lease.renewed(sentAt);
    const { ino, size } = statSync(lease.file);
    return { ino, size };
  });
  expect(files[1]).toEqual(files[0]);
  expect(files[2]).toEqual(files[0]);
  expect(readdirSync(dir)).toEqual(["lease"]);
});

/** Each containment that this machine has: a cgroup only where this process may make one. */
const CONTAINMENTS = { "process sweep": null, ...(mayMakeCgroups() && { cgroup: testCgroup() }) };

function testCgroup(): string | null {
  const [cgroup, mountinfo] = ["cgroup", "mountinfo"].map((name) =>
    readFileSync(`/proc/self/${name}`, "utf8"),
  );
  const own = ownCgroup(cgroup!, mountinfo!);
  return own === null ? null : join(own, `liveops-test-${newId()}`);
}

function mayMakeCgroups(): boolean {
  try {
    const dir = testCgroup();
    if (dir === null) return false;
    mkdirSync(dir);
    return new Cgroup(dir).remove();
  } catch {
    return false;
  }
}

test.concurrent.for(Object.entries(CONTAINMENTS))(
  "an operation that waits ends too, with its programs, also those in sessions of their own: %s",
  async ([, cgroup], { onTestFinished }) => {
    await using worker = await TestWorker.start(
      `
    const sleeper = 'echo $$ >> pids; exec sleep 1000';
    p.exec("sh", ["-c", "setsid sh -c '" + sleeper + "' & sh -c '" + sleeper + "' & " + sleeper]);
    // Has no mark, and loses its parent: it was seen before.
    p.exec("sh", ["-c", "env -i setsid sh -c '" + sleeper + "' & sleep 3"]);
    await delay(1e6);`,
      "",
      { cgroup },
    );
    if (cgroup !== null) onTestFinished(() => void new Cgroup(cgroup).remove());
    worker.lease(60);
    worker.orderLeased();
    await seen(() => worker.text("pids").split("\n").length > 4);
    const started = worker.text("pids").trim().split("\n").map(Number);
    await endsAfter(worker, worker.lease(5));
    await seen(() => worker.processes().length === 0);
    await seen(() => !started.some((pid) => isRunning(identify(pid))));
  },
);

test.concurrent("a worker that was stopped does nothing more when it runs again too late", async () => {
  await using worker = await TestWorker.start(`
    function* endless() { for (;;) yield 1; }
    fs.writeFileSync("effects", "");
    const effect = async (kind) => { fs.appendFileSync("effects", kind); await delay(50); };
    await Promise.all([
      async () => { for (;;) { p.log("tick"); await effect("l"); } },
      async () => { for (;;) await p.untracked("s", () => effect("s")); },
      async () => { for (const _ of p.track(endless())) await effect("i"); },
      async () => { for (;;) await p.exec("sh", ["-c", "echo p >> effects; sleep 0.05"]); },
    ].map((each) => each()));`);
  const deadline = worker.lease(8);
  worker.orderLeased();
  await seen(() => [..."lsip"].every((kind) => worker.text("effects").includes(kind)));
  process.kill(worker.pid, "SIGSTOP");
  const isStill = () => isStopped(identify(worker.pid)) && worker.processes("effects").length === 0;
  await seen(() => isStill() && uptime() > deadline);
  const before = [worker.events.length, worker.lines.length];
  const effects = worker.text("effects");
  process.kill(worker.pid, "SIGCONT");
  expect(await worker.ended).toBe("SIGKILL");
  expect([worker.events.length, worker.lines.length]).toEqual(before);
  expect(worker.text("effects")).toBe(effects);
});

test.concurrent("a worker that runs again too late writes no outcome", async () => {
  await using worker = await TestWorker.start(
    'p.log("ready"); while (!fs.existsSync("go")) await delay(20); p.result(1);',
  );
  const deadline = worker.lease(8);
  worker.orderLeased();
  await seen(() => worker.lines.length > 0);
  process.kill(worker.pid, "SIGSTOP");
  await seen(() => isStopped(identify(worker.pid)));
  writeFileSync(`${worker.dir}/go`, "");
  await seen(() => uptime() > deadline + 0.4);
  process.kill(worker.pid, "SIGCONT");
  expect(await worker.ended).toBe("SIGKILL");
  expect(types(worker)).toEqual(["attempt:accepted"]);
});

test.concurrent("a lease that ends after the operation's own end does not take its outcome", async () => {
  await using worker = await TestWorker.start(
    `const { chdir } = process;
    // The worker leaves the directory before it writes the outcome.
    process.chdir = (to) => {
      process.chdir = chdir;
      chdir(to);
      while (!fs.existsSync(dir + "/over"));
    };
    p.result(1);`,
  );
  const deadline = worker.lease(8);
  worker.orderLeased();
  await seen(() => uptime() > deadline + 0.4);
  writeFileSync(`${worker.dir}/over`, "");
  await worker.idle();
  expect(worker.events.at(-1)).toMatchObject({
    type: "attempt:finished",
    state: "succeeded",
    result: 1,
  });
});

test.concurrent("a renewed lease keeps the operation running, also where the worker was stopped meanwhile", async () => {
  await using worker = await TestWorker.start(
    'while (!fs.existsSync("end")) { p.log("tick"); await delay(20); } p.result(this.fence);',
  );
  const first = worker.lease(8);
  worker.orderLeased();
  await seen(() => worker.lines.length > 0);
  worker.lease(60);
  await seen(() => uptime() > first + 0.3);
  process.kill(worker.pid, "SIGSTOP");
  await seen(() => isStopped(identify(worker.pid)));
  const second = worker.lease(0.2);
  await seen(() => uptime() > second + 0.2);
  worker.lease(60);
  process.kill(worker.pid, "SIGCONT");
  writeFileSync(`${worker.dir}/end`, "");
  await worker.idle();
  expect(worker.events.at(-1)).toMatchObject({
    type: "attempt:finished",
    state: "succeeded",
    result: 7,
  });
});

test.concurrent("a lease file that is gone, or that cannot be read, keeps its last deadline", async () => {
  await using worker = await TestWorker.start('p.log("ready"); await delay(1e6);');
  const deadline = worker.lease(8);
  worker.orderLeased();
  await seen(() => worker.lines.length > 0);
  // So long that the worker's other reads do not count. Each reading tries three times.
  const cut = '{"deadline":'.padEnd(4000);
  const before = worker.bytesRead;
  writeFileSync(worker.leaseFile, cut);
  await seen(() => worker.bytesRead >= before + 6 * cut.length);
  rmSync(worker.leaseFile);
  expect(await endsAfter(worker, deadline)).toBeGreaterThan(-0.02);
});

test.concurrent("a lease file that never existed counts as over after 5 seconds", async () => {
  await using worker = await TestWorker.start('p.log("ready"); await delay(1e6);');
  const from = uptime();
  worker.orderLeased();
  expect(await endsAfter(worker, from + 5)).toBeGreaterThan(-0.1);
});

test.concurrent("an order under a lease that is over is not accepted", async () => {
  await using worker = await TestWorker.start('p.log("ready");');
  worker.lease(-1);
  worker.orderLeased();
  expect(await worker.ended).toBe("SIGKILL");
  expect(worker.events).toEqual([]);
});

test.concurrent("the partition finish needs no lease", async () => {
  await using worker = await TestWorker.start(
    'for (let n = 0; n < 30; n++) { p.log("tick"); await delay(20); }',
  );
  worker.lease(-1);
  worker.orderLeased({ partition: "finish" });
  await worker.idle();
  expect(worker.events.at(-1)).toMatchObject({ type: "attempt:finished", state: "succeeded" });
});

test.concurrent("only a lease starts a thread, one for all attempts; between attempts the lease may be over", async () => {
  await using worker = await TestWorker.start("p.result(this.fence);");
  const threads = worker.threads;
  worker.order();
  await worker.idle();
  expect(worker.threads).toBe(threads);
  expect(worker.events.at(-1)).toMatchObject({ result: null });
  for (const fence of [8, 9]) {
    worker.lease(60);
    worker.orderLeased({}, fence);
    await worker.idle();
    expect(worker.events.at(-1)).toMatchObject({ result: fence });
    expect(worker.threads).toBe(threads + 1);
    const over = worker.lease(-1);
    await seen(() => uptime() > over + 1.3);
  }
});

test.concurrent("a worker that knows its lease starts the thread while it is idle", async () => {
  await using plain = await TestWorker.start("");
  await using worker = await TestWorker.start("p.result(1);", "", { lease: "/nowhere/lease" });
  expect(worker.threads).toBe(plain.threads + 1);
  // Without an attempt, a lease that is over ends nothing.
  expect(worker.child.exitCode).toBeNull();
});
