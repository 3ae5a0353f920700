/**
 * kill -9 of the daemon: what runs goes on, the next one takes it up, and who watches misses and
 * repeats nothing.
 */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, processesOf } from "../end-to-end/processes.js";
import { until } from "../end-to-end/until.js";
import { World } from "../end-to-end/world.js";

async function gateWorld(): Promise<World> {
  const world = new World().make();
  onTestFinished(() => world.close());
  world.takeOperations("gate");
  await world.startDaemon();
  return world;
}

async function workerOf(world: World, id: string): Promise<number> {
  await world.record(id, ({ currentStage }) => currentStage === 1);
  return Number(/process (\d+)/.exec((await world.lines(id))[0]!)![1]);
}

/** `line 1`, `line 2` … as far as it went, with what stands around them. */
function whole(lines: string[], pid: number): string[] {
  const last = /closed after (\d+)/.exec(lines.at(-1) ?? "")?.[1];
  const numbered = Array.from({ length: Number(last) }, (_, i) => `line ${i + 1}`);
  return [`process ${pid}`, ...numbered, `closed after ${last}`];
}

test("under a running operation: the worker goes on, the next daemon adopts it, watchers come back by themselves", async () => {
  const world = await gateWorld();
  const following = world.start("liveops", [
    "submit",
    "gate",
    `file=${join(world.dir, "gate")}`,
    "--follow",
  ]);
  await following.says("stdout", "line 20\n");
  const id = /^submitted (\w+)/.exec(following.stderr)![1]!;
  const pid = await workerOf(world, id);
  const watching = world.start("liveops", ["watch", id, "--json"]);
  const waiting = world.start("liveops", ["wait", id]);
  await watching.says("stdout", '"line 20"');
  // `--follow` watches beside its events, `watch --json` reads events alone.
  await until("all of them watch", async () => (await world.client.daemon()).watchers === 2);

  await world.killDaemon();
  await following.says("stderr", "lost the daemon");
  await waiting.says("stderr", "lost the daemon");
  expect(isAlive(pid)).toBe(true);
  await world.startDaemon();
  expect(await world.client.show(id)).toMatchObject({ state: "running", attempt: 1 });
  await following.says("stderr", "reconnected to the daemon");
  world.write("gate", "");

  const [followed, watched, waited] = await Promise.all([
    following.ended,
    watching.ended,
    waiting.ended,
  ]);
  expect([followed.code, watched.code, waited.code]).toEqual([0, 0, 0]);
  const lines = await world.lines(id);
  expect(lines).toEqual(whole(lines, pid));
  expect(await world.client.show(id)).toMatchObject({ state: "succeeded", attempt: 1 });
  // Each line once, in order, between its headers.
  const closed = lines.at(-1)!;
  expect(followed.stdout).toBe(
    [
      "=== [1/3] Open ===",
      ...lines.slice(0, 1),
      "=== [2/3] Wait ===",
      ...lines.slice(1, -1),
      "=== [3/3] Close ===",
      closed,
      `lines=${lines.length - 2}`,
      "attempt=1",
      "",
    ].join("\n"),
  );
  const told = watched.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(told.filter(({ type }) => type === "log:line").map(({ text }) => text)).toEqual(lines);
  expect(told.filter(({ type }) => type === "stage:entered")).toHaveLength(3);
  expect(told.filter(({ type }) => type === "end")).toHaveLength(1);
});

test("under a chain whose first link ends meanwhile: it advances once, and watchers are handed over", async () => {
  const world = await gateWorld();
  const [one, two] = [join(world.dir, "one"), join(world.dir, "two")];
  const id = await world.submit("gate", `file=${one}`, `next=${two}`);
  const pid = await workerOf(world, id);
  const watching = world.start("liveops", ["watch", id]);
  await watching.says("stdout", "line 5\n");
  await world.killDaemon();
  world.write("one", "");
  await until("its worker ended", () => !isAlive(pid));
  await world.startDaemon();
  const { chain } = await world.record(id, ({ state }) => state === "succeeded");
  await world.record(chain.next!, ({ currentStage }) => currentStage === 1);
  await world.killDaemon();
  await world.startDaemon();
  world.write("two", "");
  const watched = await watching.ended;
  expect(watched.code).toBe(0);
  expect(watched.stderr.match(/chained to gate/g)).toHaveLength(1);
  const { operations } = await world.client.list({ chain: id });
  expect(operations.map((operation) => operation.id)).toEqual([chain.next, id]);
  for (const operation of operations)
    expect(operation).toMatchObject({ state: "succeeded", attempt: 1 });
  const headers = watched.stdout.split("\n").filter((line) => line.startsWith("==="));
  const once = ["=== [1/3] Open ===", "=== [2/3] Wait ===", "=== [3/3] Close ==="];
  expect(headers).toEqual([...once, ...once]);
});

test("the worker of an earlier daemon dies: the present one does not say that no daemon watched", async () => {
  const world = await gateWorld();
  const id = await world.submit("gate", `file=${join(world.dir, "gate")}`);
  const pid = await workerOf(world, id);
  await world.killDaemon();
  await world.startDaemon();
  const { logLines } = await world.client.show(id);
  await world.record(id, (record) => record.logLines > logLines);
  process.kill(pid, "SIGKILL");
  const { error } = await world.record(id, (record) => record.state === "failed");
  expect(error).toMatchObject({
    cause: "unknown",
    message: expect.stringContaining("the daemon that started it had ended before"),
  });
});

test("the worker dies while no daemon watches: the next one says so and frees its slot", async () => {
  const world = await gateWorld();
  const id = await world.submit("gate", `file=${join(world.dir, "never")}`);
  const pid = await workerOf(world, id);
  await world.killDaemon();
  process.kill(pid, "SIGKILL");
  await until("it is dead", () => !isAlive(pid));
  await world.startDaemon();
  const record = await world.finished(id);
  expect(record).toMatchObject({ state: "failed", error: { code: "LIVEOPS_WORKER_LOST" } });
  expect((await world.liveops(["submit", "shell", "--wait", "--", "true"])).code).toBe(0);
});

test("a cancel asked just before is carried out by the next daemon", async () => {
  const world = await gateWorld();
  const id = await world.submit("gate", `file=${join(world.dir, "never")}`);
  const pid = await workerOf(world, id);
  process.kill(pid, "SIGSTOP");
  expect((await world.liveops(["cancel", id])).code).toBe(0);
  await world.killDaemon();
  process.kill(pid, "SIGCONT");
  await until("its worker ended", () => !isAlive(pid));
  await world.startDaemon();
  expect(await world.finished(id)).toMatchObject({ state: "cancelled", attempt: 1 });
  expect(processesOf(world.dir).some((seen) => seen.pid === pid)).toBe(false);
});
