/**
 * Operations at work: a busy loop that is seen live, every way of stopping one, and what its
 * process writes.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { processesOf } from "./processes.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ examples: true, operations: ["spin"] });
afterEach(() => world.quiet());

describe("a busy synchronous loop", () => {
  test("is seen live: lines and progress come while it spins, and it ends because of what was seen", async () => {
    const gate = join(world.dir, "gate");
    const id = await world.submit("spin-track", `until=${gate}`);
    let lines = 0;
    let progress = 0;
    for await (const line of world.client.watch({ operation: id, log: true })) {
      if (line.type === "log") lines += line.lines.length;
      if (line.type === "changed" && line.patch.progress) progress = line.patch.progress.done;
      // It never yields: only a watcher that is told meanwhile can open the gate.
      if (lines > 3 && progress > 20_000 && !existsSync(gate)) {
        expect((await world.client.show(id)).state).toBe("running");
        world.write("gate", "");
      }
    }
    expect(await world.client.show(id)).toMatchObject({ state: "succeeded", percent: 100 });
  });

  test("is cancelled", async () => {
    const id = await world.submit("spin-check");
    await world.record(id, ({ currentStage }) => currentStage === 0);
    await world.client.cancel(id);
    expect(await world.finished(id)).toMatchObject({
      state: "cancelled",
      error: null,
      cancelRequested: true,
      stageStates: { Spin: "cancelled" },
    });
  });
});

test.each(["busy=false", "busy=true"])(
  "one that ignores its cancel is killed after the grace period, its grandchild too (%s)",
  async (busy) => {
    const mark = join(world.dir, `mark-${busy}`);
    const id = await world.submit("deaf", `mark=${mark}`, busy);
    await until("its children run", () => processesOf(`# ${mark}`).length > 0);
    await world.client.cancel(id);
    expect(await world.finished(id)).toMatchObject({
      state: "cancelled",
      stageStates: { Ignore: "cancelled" },
    });
    await until("its children are gone", () => processesOf(`# ${mark}`).length === 0);
  },
);

test("one whose process is stopped has no time left, and whoever watches is told when it stalls and goes on", async () => {
  const id = await world.submit("load-process-save", "delayMs=100");
  await world.record(id, ({ progress }) => progress !== null && progress.etaSeconds !== null);
  let pid = 0;
  for await (const line of world.client.events(id))
    if (line.type === "attempt:accepted") pid = line.pid;
  const watching = world.start("liveops", ["watch", id]);
  await watching.says("stdout", "Process");
  process.kill(pid, "SIGSTOP");
  await watching.says("stderr", "stalled: the operation's process is stopped");
  expect((await world.client.show(id)).progress).toMatchObject({ etaSeconds: null });
  process.kill(pid, "SIGCONT");
  await watching.says("stderr", "continues");
  await world.record(id, ({ progress }) => progress !== null && progress.etaSeconds !== null);
  await world.client.cancel(id);
  const { code, stderr } = await watching.ended;
  expect(code).toBe(6);
  expect(stderr.match(/stalled|continues/g)).toEqual(["stalled", "continues"]);
});
