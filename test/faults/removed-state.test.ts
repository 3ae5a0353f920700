/**
 * Removed files of a running daemon: its state directory, parts of it, its locks, its socket. The
 * daemon notices, and stops with the reason or makes the socket again. Two daemons never share a
 * state directory.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isLocked } from "../../daemon/os/kernel-lock.js";
import { Client } from "../../protocol/client/client.js";
import { newId } from "../../protocol/id.js";
import { isAlive } from "../end-to-end/processes.js";
import type { TestDaemon } from "../harness/daemon.js";
import { runBin } from "./run-bin.js";
import { eventually, inStage, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

/** An operation that waits in its first stage; `open` lets it end. */
async function waiting(daemon: TestDaemon) {
  const gate = join(daemon.world.dir, `gate-${newId()}`);
  const { id } = await daemon.submit("gate", { params: { gate } });
  const worker = await inStage(daemon, id, "Wait");
  return {
    id,
    worker,
    open: () => writeFileSync(`${gate}.1`, "pass"),
    runs: () => readFileSync(`${gate}.ran`, "utf8").trim().split("\n").length,
  };
}

function remove(path: string): void {
  // The daemon may write a file into the directory meanwhile.
  rmSync(path, { recursive: true, maxRetries: 20, retryDelay: 5 });
}

test.each(["state", "runs"])(
  "%s removed: the daemon ends with the reason, and so does what it ran",
  async (what) => {
    await using daemon = await startDaemon(["gate"]);
    const operation = await waiting(daemon);
    const path = what === "state" ? daemon.world.stateDir : join(daemon.world.stateDir, what);
    remove(path);
    const { code, stderr } = await daemon.exited();
    expect(code).toBe(70);
    expect(stderr).toContain(`${path} was removed or replaced`);
    await eventually("its worker is gone", () => !isAlive(operation.worker));
    await daemon.startAgain();
    expect((await daemon.client.list({ state: ["queued", "running"] })).operations).toEqual([]);
    expect(operation.runs()).toBe(1);
    record({
      fault: `${what} removed while an operation ran`,
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  },
);

test.each(["journal", "history", "workers", "liveopsd.lock"])(
  "%s removed: the daemon ends with the reason, and the next one takes up what runs",
  async (what) => {
    await using daemon = await startDaemon(["gate"], { concurrency: 1 });
    // Its events are in the same file, before those of what runs.
    const earlier = await waiting(daemon);
    earlier.open();
    await untilFinished(daemon, earlier.id);
    const operation = await waiting(daemon);
    const path = join(daemon.world.stateDir, what);
    remove(path);
    const { code, stderr } = await daemon.exited();
    expect(code).toBe(70);
    expect(stderr).toContain(`${path} was removed or replaced`);
    expect(readFileSync(join(daemon.world.stateDir, "liveopsd.log"), "utf8")).toContain(
      `${path} was removed or replaced`,
    );
    expect(isAlive(operation.worker)).toBe(true);
    await daemon.startAgain();
    operation.open();
    expect(await untilFinished(daemon, operation.id)).toMatchObject({
      state: "succeeded",
      attempt: 1,
    });
    expect(operation.runs()).toBe(1);
    record({
      fault: `${what} removed while an operation ran`,
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  },
);

test("a submit after the journal was removed is never acknowledged", async () => {
  const daemon = await startDaemon(["gate"]);
  await using _ = daemon;
  await daemon.submit("gate", { params: { gate: join(daemon.world.dir, "before") } });
  remove(join(daemon.world.stateDir, "journal"));
  const acknowledged: string[] = [];
  // Until the daemon is gone: each of them is refused, or finds nobody.
  for (let ended = false; !ended; ) {
    const gate = join(daemon.world.dir, `after-${newId()}`);
    await daemon.submit("gate", { params: { gate } }).then(
      ({ id }) => acknowledged.push(id),
      () => {
        ended = !isAlive(daemon.pid);
      },
    );
  }
  expect(acknowledged).toEqual([]);
  expect(await daemon.exited()).toMatchObject({ code: 70 });
});

test("a worker whose lock file was removed is alive for the next daemon, and its operation is not run twice", async () => {
  await using daemon = await startDaemon(["gate"]);
  const operation = await waiting(daemon);
  await daemon.kill();
  const workers = join(daemon.world.stateDir, "workers");
  for (const name of readdirSync(workers)) if (name.endsWith(".lock")) rmSync(join(workers, name));
  await daemon.startAgain();
  expect(await daemon.client.show(operation.id)).toMatchObject({ state: "running", attempt: 1 });
  operation.open();
  expect(await untilFinished(daemon, operation.id)).toMatchObject({
    state: "succeeded",
    attempt: 1,
  });
  expect(operation.runs()).toBe(1);
});

test("lock files removed while the daemon is stopped (SIGSTOP): no second daemon starts on its state", async () => {
  await using daemon = await startDaemon(["gate"]);
  const { stateDir, socket, dir } = daemon.world;
  const other = join(dir, "other.sock");
  daemon.signal("SIGSTOP");
  for (const lock of [join(stateDir, "liveopsd.lock"), `${socket}.lock`]) rmSync(lock);
  const refused = await runBin(daemon.world, "liveopsd", [
    "start",
    "--foreground",
    "--socket",
    other,
  ]);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain(`another daemon uses the state directory ${stateDir}`);
  expect(existsSync(other)).toBe(false);
  daemon.signal("SIGCONT");
  expect(await daemon.exited()).toMatchObject({ code: 70 });
  await daemon.startAgain();
  expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
  record({
    fault: "lock files of a stopped daemon removed",
    injected: 1,
    survived: 1,
    lost: 0,
    duplicated: 0,
  });
}, 60_000);

test("a start right after the lock files were removed waits for the end of the daemon that held them", async () => {
  await using daemon = await startDaemon(["gate"]);
  const operation = await waiting(daemon);
  const { stateDir, socket, dir } = daemon.world;
  const before = daemon.pid;
  for (const lock of [join(stateDir, "liveopsd.lock"), `${socket}.lock`]) rmSync(lock);
  const other = join(dir, "other.sock");
  const started = await runBin(daemon.world, "liveopsd", ["start", "--socket", other]);
  expect(started, started.stderr).toMatchObject({ code: 0 });
  expect(isAlive(before)).toBe(false);
  expect((await daemon.exited()).code).toBe(70);
  const client = new Client(other);
  expect(await client.show(operation.id)).toMatchObject({ state: "running", attempt: 1 });
  operation.open();
  await eventually(
    "it succeeded",
    async () => (await client.show(operation.id)).state === "succeeded",
  );
  expect(operation.runs()).toBe(1);
  await client.stop({ now: true });
  await eventually("all of it has ended", () => daemon.world.processes().length === 0);
});

test("a removed socket, its lock or their directory is created again, and open streams continue", async () => {
  const daemon = await startDaemon(["gate"], { env: { LIVEOPS_SOCKET: "run/liveops/d.sock" } });
  const path = join(daemon.world.dir, "run", "liveops", "d.sock");
  const client = new Client(path);
  try {
    const { pid } = await client.daemon();
    const aborted = new AbortController();
    const stream = client.watch({}, aborted.signal);
    expect((await stream.next()).value).toMatchObject({ type: "snapshot" });
    for (const what of [path, join(path, ".."), `${path}.lock`]) {
      remove(what);
      await eventually(
        `${what} is there again`,
        () => existsSync(path) && existsSync(`${path}.lock`),
      );
      expect((await client.daemon()).pid, what).toBe(pid);
      expect(isLocked(`${path}.lock`), what).toBe(true);
    }
    const { id } = await client.submit(
      { op: "gate", params: { gate: join(daemon.world.dir, "g") } },
      newId(),
    );
    const next = await stream.next();
    expect(next.value).toMatchObject({ type: "changed", id });
    aborted.abort();
  } finally {
    await client.stop({ now: true });
    await daemon.exited();
    await daemon.world.close();
  }
});
