/**
 * Resuming: a finished stage is not run again and its value is kept, after any end of the attempt.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive } from "../end-to-end/processes.js";
import type { TestDaemon } from "../harness/daemon.js";
import { eventsFileOf } from "../harness/stored-events.js";
import { rewriteWorkers } from "./crafted.js";
import { inStage, startDaemon, untilFinished } from "./start.js";
import { compareOnce, record } from "./tally.js";

const FIRST = { made: "by attempt 1", list: [1, 2, 3] };

async function submit(daemon: TestDaemon, name: string, ends: string[], op = "resumes") {
  const side = join(daemon.world.dir, name);
  const { id } = await daemon.submit(op, { params: { side, ends } });
  return { id, ran: () => readFileSync(side, "utf8").split("\n").filter(Boolean) };
}

/** Each stage ran exactly as often as it had to. */
function expectRan(fault: string, injected: number, ran: string[], expected: string[]): void {
  const compared = compareOnce(expected, ran);
  record({ fault, injected, ...compared }, compared.details);
  expect(ran).toEqual(expected);
}

test("a worker that dies under each attempt is the operation's doing: failed, and retry resumes at the stage", async () => {
  await using daemon = await startDaemon(["resumes"]);
  const { id, ran } = await submit(daemon, "always", ["die", "die", "die", "go"]);
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "failed",
    attempt: 3,
    error: { code: "LIVEOPS_WORKER_LOST" },
  });
  await daemon.client.retry(id);
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "succeeded",
    attempt: 4,
    result: { first: FIRST },
  });
  expectRan("worker dies three times", 3, ran(), [
    "1 First",
    "1 Second",
    "2 Second",
    "3 Second",
    "4 Second",
    "4 Third",
  ]);
});

test("daemon and worker both killed: the next daemon resumes", async () => {
  await using daemon = await startDaemon(["resumes"]);
  const { id, ran } = await submit(daemon, "both", ["wait", "go"]);
  const pid = await inStage(daemon, id, "Second");
  await daemon.kill();
  process.kill(pid, "SIGKILL");
  await daemon.startAgain();
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "succeeded",
    attempt: 2,
    result: { first: FIRST, second: 2, third: 2 },
  });
  expectRan("resume after daemon and worker loss", 2, ran(), [
    "1 First",
    "1 Second",
    "2 Second",
    "2 Third",
  ]);
});

test("automatic retry: as many attempts as the type says, a daemon killed between them does not change that", async () => {
  await using daemon = await startDaemon(["resumes"]);
  const { id, ran } = await submit(daemon, "auto", ["throw"], "retries");
  const other = await submit(daemon, "auto-2", ["throw", "go"], "retries");
  await daemon.kill();
  await daemon.startAgain();
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "failed",
    attempt: 3,
    error: { code: "LIVEOPS_EXCEPTION", message: "told to" },
  });
  expect(await untilFinished(daemon, other.id)).toMatchObject({
    state: "succeeded",
    attempt: 2,
    retryAt: null,
  });
  expectRan("automatic retry", 1, ran(), ["1 First", "1 Second", "2 Second", "3 Second"]);
});

test("after a reboot an operation that ran is finished, a resumable one resumes, and no process of this boot is touched", async () => {
  await using daemon = await startDaemon(["resumes", "gate"]);
  const resumes = await submit(daemon, "reboot", ["wait", "go"]);
  const gate = join(daemon.world.dir, "reboot-gate");
  const { id } = await daemon.submit("gate", { params: { gate } });
  const pids = [await inStage(daemon, resumes.id, "Second"), await inStage(daemon, id, "Wait")];
  await daemon.kill();
  for (const pid of pids) process.kill(pid, "SIGKILL");
  using innocent = bystander();
  rewriteWorkers(daemon.world.stateDir, {
    bootId: "00000000-dead-beef-0000-000000000000",
    pid: innocent.pid,
  });
  await daemon.startAgain();
  const lost = await untilFinished(daemon, id);
  expect(lost).toMatchObject({
    state: "failed",
    attempt: 1,
    error: { code: "LIVEOPS_WORKER_LOST", cause: "restarted" },
  });
  expect(lost.error?.message).toContain("restarted");
  expect(await untilFinished(daemon, resumes.id)).toMatchObject({ state: "succeeded", attempt: 2 });
  expect(isAlive(innocent.pid)).toBe(true);
  expectRan("reboot", 1, resumes.ran(), ["1 First", "1 Second", "2 Second", "2 Third"]);
});

test("a pid of the journal that another process has by now is not taken for the worker, and not killed", async () => {
  await using daemon = await startDaemon(["gate"]);
  const gate = join(daemon.world.dir, "reused");
  const { id } = await daemon.submit("gate", { params: { gate } });
  const pid = await inStage(daemon, id, "Wait");
  await daemon.kill();
  process.kill(pid, "SIGKILL");
  using innocent = bystander();
  rewriteWorkers(daemon.world.stateDir, { pid: innocent.pid });
  await daemon.startAgain();
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "failed",
    error: { code: "LIVEOPS_WORKER_LOST" },
  });
  expect(isAlive(innocent.pid)).toBe(true);
  record({ fault: "pid reused", injected: 1, survived: 1, lost: 0, duplicated: 0 });
});

test("a damaged stage value is not returned: the stage runs again", async () => {
  await using daemon = await startDaemon(["resumes"]);
  const { id, ran } = await submit(daemon, "value", ["throw", "go"]);
  await untilFinished(daemon, id);
  const events = eventsFileOf(daemon.world.stateDir, id);
  const text = readFileSync(events, "utf8");
  expect(text).toContain("by attempt 1");
  writeFileSync(events, text.replace("by attempt 1", "by attempt 9"));
  await daemon.client.retry(id);
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "succeeded",
    result: { first: { made: "by attempt 2" } },
  });
  expectRan("stage value damaged", 1, ran(), [
    "1 First",
    "1 Second",
    "2 First",
    "2 Second",
    "2 Third",
  ]);
});

/** A process in a session of its own that has nothing to do with liveops. */
function bystander(): { pid: number } & Disposable {
  const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  const ended = once(child, "exit");
  return {
    pid: child.pid!,
    [Symbol.dispose]: () => {
      child.kill("SIGKILL");
      void ended;
    },
  };
}
