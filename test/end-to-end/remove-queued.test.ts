import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ operations: ["gate"], words: ["--concurrency", "1"] });
afterEach(() => world.quiet());
const never = join(world.dir, "never");

async function runningAndQueued(): Promise<[running: string, queued: string]> {
  const running = await world.submit("gate", `file=${never}`);
  await world.inState(running, "running");
  return [running, await world.submit("gate", `file=${never}`)];
}

test("who waits for it or watches it gets its end: cancelled", async () => {
  const [running, queued] = await runningAndQueued();
  const waiting = world.start("liveops", ["wait", queued]);
  const several = world.start("liveops", ["wait", queued, running, "--any"]);
  const watching = world.start("liveops", ["watch", queued, "--json"]);
  await watching.says("stdout", "operation:submitted");
  await until("three streams are open", async () => (await world.client.daemon()).watchers >= 2);
  expect((await world.liveops(["rm", queued])).code).toBe(0);
  for (const { ended } of [waiting, several])
    expect(await ended).toMatchObject({ code: 6, stdout: `${queued} cancelled\n` });
  const watched = await watching.ended;
  expect(watched.code).toBe(6);
  expect(JSON.parse(watched.stdout.trimEnd().split("\n").at(-1)!)).toEqual({
    id: queued,
    type: "end",
    state: "cancelled",
  });
});
