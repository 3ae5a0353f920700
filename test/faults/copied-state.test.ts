/**
 * A daemon on a copy of a state directory leaves the original alone, and runs nothing that the
 * original may run.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DaemonReply } from "../../protocol/replies.js";
import { processesOf } from "../end-to-end/processes.js";
import { until } from "../end-to-end/until.js";
import { World } from "../end-to-end/world.js";

let world: World;
let copy: string;
let onCopy: { env: Record<string, string> };
beforeEach(() => {
  world = new World().make();
  copy = join(world.dir, "copy");
  onCopy = { env: { LIVEOPS_STATE_DIR: copy } };
});
afterEach(async () => {
  await world.liveopsd(["stop", "--now"], onCopy);
  await world.close();
});

const RUN_QUEUED = "liveops restart --run-queued";

interface Shown {
  id: string;
  state: string;
  blocked: { reason: string } | null;
  error: { code: string; message: string; cause: string } | null;
}

async function list(
  options: { env?: Record<string, string> } = {},
): Promise<Record<string, Shown>> {
  const { stdout, stderr } = await world.liveops(["ls", "--json"], options);
  expect(stderr).toBe("");
  return Object.fromEntries((JSON.parse(stdout) as Shown[]).map((each) => [each.id, each]));
}

async function status(): Promise<DaemonReply> {
  return JSON.parse((await world.liveopsd(["status", "--json"], onCopy)).stdout);
}

/**
 * One operation that runs until its gate is there, and one behind it in the queue that writes a
 * line each time.
 */
async function original() {
  const gate = join(world.dir, "gate");
  const ran = join(world.dir, "ran");
  await world.startDaemon(["--concurrency", "1"]);
  const finished = await world.submit("shell", "--", "echo", "kept");
  await world.finished(finished);
  const script = `echo ready; until [ -e ${gate} ]; do sleep 0.05; done`;
  const running = await world.submit("shell", "--", "sh", "-c", script);
  await until("it runs", async () => (await world.lines(running)).includes("ready"));
  const queued = await world.submit("shell", "--", "sh", "-c", `echo ran >>${ran}`);
  return {
    finished,
    running,
    queued,
    finish: () => writeFileSync(gate, ""),
    runs: () => (existsSync(ran) ? readFileSync(ran, "utf8").split("\n").length - 1 : 0),
  };
}

test("a copy is recognised: what ran there fails here, what was queued is held, and the original finishes all of it", async () => {
  const { finished, running, queued, finish, runs } = await original();
  world.copyState(copy);
  const started = await world.liveopsd(["start"], onCopy);
  expect(started.code, started.stderr).toBe(0);
  expect(started.stderr).toContain(
    `this state directory is a copy of ${world.state}; 1 operation ran there when it was copied, so it is failed here; ` +
      `liveops retry runs an operation here; 1 operation queued there is held here; to run: ${RUN_QUEUED}`,
  );
  await until(
    "the running one has failed",
    async () => (await list(onCopy))[running]?.state === "failed",
  );
  const here = await list(onCopy);
  expect(here[running]!.error).toMatchObject({
    code: "LIVEOPS_WORKER_LOST",
    cause: "copied",
    message: expect.stringContaining(
      `it was running in ${world.state} when the state directory was copied`,
    ),
  });
  expect(here[queued]).toMatchObject({
    state: "queued",
    blocked: { reason: expect.stringContaining(RUN_QUEUED) },
  });
  const { copyOf, problems } = await status();
  expect(copyOf).toMatchObject({ of: world.state, held: 1 });
  expect(problems).toEqual([expect.stringContaining(`a copy of ${world.state}`)]);
  expect((await world.liveops(["logs", finished], onCopy)).stdout).toBe("$ echo kept\nkept\n");

  // A new operation runs on the copy.
  const added = await world.liveops(["submit", "shell", "--wait", "--", "true"], onCopy);
  expect(added, added.stderr).toMatchObject({ code: 0 });
  await world.liveopsd(["stop", "--now"], onCopy);
  expect((await world.client.show(running)).state).toBe("running");
  finish();
  for (const id of [running, queued]) expect((await world.finished(id)).state).toBe("succeeded");
  expect(runs()).toBe(1);
});

test("the hold stays over restarts, and ends with --run-queued; a held operation can be cancelled", async () => {
  const { queued, finish, runs } = await original();
  const other = await world.submit("shell", "--", "true");
  world.copyState(copy);
  await world.startDaemon([], onCopy);
  const added = (await world.liveops(["submit", "shell", "--", "true"], onCopy)).stdout.trim();
  await until(
    "the new one has succeeded",
    async () => (await list(onCopy))[added]?.state === "succeeded",
  );
  expect(await world.liveops(["cancel", other], onCopy)).toMatchObject({ code: 0 });
  expect((await world.liveopsd(["restart"], onCopy)).stderr).toContain(
    "1 operation queued there is held here",
  );
  expect((await list(onCopy))[queued]!.state).toBe("queued");
  expect((await world.liveopsd(["start", "--run-queued"], onCopy)).stderr).toContain(
    "without --run-queued; to apply, run: liveops restart --run-queued",
  );
  expect(runs()).toBe(0);

  const released = await world.liveopsd(["restart", "--run-queued"], onCopy);
  expect(released.stderr).not.toContain("a copy of");
  await until(
    "it has run on the copy",
    async () => (await list(onCopy))[queued]?.state === "succeeded",
  );
  expect((await status()).copyOf).toBeNull();
  expect(runs()).toBe(1);
  // The directory is no copy any more: what is queued now runs after a restart.
  expect((await world.liveopsd(["restart"], onCopy)).stderr).not.toContain("a copy of");
  finish();
});

test("a directory that was renamed is the same directory: nothing of it is held", async () => {
  const { running, queued, finish, runs } = await original();
  await world.liveopsd(["stop"]);
  finish();
  await until("its worker has ended", () => processesOf(world.dir).length === 0);
  renameSync(world.state, copy);
  const started = await world.liveopsd(["start"], onCopy);
  expect(started.stderr).not.toContain("a copy of");
  await until("both have succeeded", async () => {
    const now = await list(onCopy);
    return now[running]?.state === "succeeded" && now[queued]?.state === "succeeded";
  });
  expect(runs()).toBe(1);
});

test("a directory that is moved while no daemon runs keeps what runs, and its worker writes nothing at the old path", async () => {
  const gate = join(world.dir, "gate");
  await world.startDaemon();
  // Its log gets more parts after the move.
  const script = `until [ -e ${gate} ]; do sleep 0.05; done; seq 60000`;
  const running = await world.submit("shell", "--", "sh", "-c", script);
  await until("it runs", async () => (await list())[running]?.state === "running");
  await world.liveopsd(["stop"]);
  renameSync(world.state, copy);
  const started = await world.liveopsd(["start"], onCopy);
  expect(started.code, started.stderr).toBe(0);
  expect(await list(onCopy)).toMatchObject({ [running]: { state: "running" } });
  expect((await status()).copyOf).toBeNull();
  writeFileSync(gate, "");
  await until("it has succeeded", async () => (await list(onCopy))[running]?.state === "succeeded");
  expect((await world.liveops(["logs", running, "-n", "1"], onCopy)).stdout).toBe("60000\n");
  expect(existsSync(world.state)).toBe(false);
});
