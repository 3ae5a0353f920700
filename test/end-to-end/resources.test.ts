/**
 * The resources of an operation's processes: live, at the end, after a restart of the daemon and
 * after a crash.
 */
import { expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { useWorld } from "./world.js";

const world = useWorld();
const MIB = 1024 * 1024;
/**
 * A child process that computes for a moment, and holds 200 MiB for a while, or until it is killed.
 */
const burn = (ms: number) => [
  process.execPath,
  "-e",
  `const held = Buffer.alloc(200 * ${MIB}, 1); while (process.cpuUsage().user < 800_000); setTimeout(() => held.fill(2), ${ms})`,
];
const submit = (args: string[]) =>
  world.client.submit({ op: "shell", params: { args } }, args.join(" "));
const isMeasured = ({ usage }: Operation) => usage !== null && usage.rssBytes > 200 * MIB;

test("a running operation shows its current use on the watch stream, a finished one its totals", async () => {
  const { id } = await submit(burn(3000));
  let live: Operation["usage"] = null;
  for await (const line of world.client.watch({ operation: id })) {
    const usage = line.type === "changed" ? line.patch.usage : null;
    if (usage && usage.cpu! > 0) live = usage;
  }
  expect(live!.processes).toBeGreaterThanOrEqual(2);
  const record = await world.client.show(id);
  expect(record.usage).toBeNull();
  expect(record.resources!.cpuSeconds).toBeGreaterThan(0.5);
  expect(record.resources!.maxRssBytes).toBeGreaterThan(200 * MIB);
  const { stdout } = await world.liveops(["show", id]);
  expect(stdout).toMatch(/^cpu +[\d.]+m?s\nmemory +\d+ MiB peak\nstorage +.* read, .* written$/m);
});

test("an operation that is over before the first sample has the worker's own measure", async () => {
  const { id } = await submit(["true"]);
  const record = await world.finished(id);
  expect(record.resources).toMatchObject({ cpuSeconds: expect.any(Number) });
  expect(record.resources!.cpuSeconds).toBeLessThan(1);
  expect(record.resources!.maxRssBytes).toBeGreaterThan(MIB);
});

test("the next daemon measures on from the start of the attempt, and keeps what a killed worker used", async () => {
  const { id } = await submit(burn(60_000));
  const before = await world.record(id, isMeasured);
  expect((await world.liveopsd(["restart"])).code).toBe(0);
  const after = await world.record(id, isMeasured);
  expect(after.resources!.cpuSeconds).toBeGreaterThanOrEqual(before.resources!.cpuSeconds);
  const { pid } = await acceptedBy(id);
  process.kill(pid, "SIGKILL");
  const lost = await world.finished(id);
  expect(lost.error?.code).toBe("LIVEOPS_WORKER_LOST");
  expect(lost.resources!.cpuSeconds).toBeGreaterThanOrEqual(after.resources!.cpuSeconds);
  expect(lost.resources!.maxRssBytes).toBeGreaterThan(200 * MIB);
});

async function acceptedBy(id: string): Promise<{ pid: number }> {
  for await (const event of world.client.events(id))
    if (event.type === "attempt:accepted") return event;
  throw new Error("no worker accepted the operation");
}
