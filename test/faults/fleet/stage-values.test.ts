/**
 * Values of done stages, and finished items, on other hosts: large ones too, and none that a retry
 * from a stage forgot.
 */
// @module-tag postgresql
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { isFinal } from "../../../protocol/state.js";
import type { FleetHost } from "../../features/fleet/fleet-host.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { patience } from "../mode.js";
import { eventually, inStage, operations, recordThat, untilFinished } from "../start.js";

const MIB = 1024 * 1024;

let fleet: FleetWorld;
beforeAll(async () => {
  fleet = await FleetWorld.start({
    hosts: { a: {}, b: {} },
    // A busy machine takes seconds to read values of 15 MiB.
    lostAfter: 8,
    ops: operations("holds", "keyed"),
  });
}, patience(60_000));
afterAll(() => fleet?.[Symbol.asyncDispose](), patience(60_000));

const ran = (side: string) =>
  existsSync(side) ? readFileSync(side, "utf8").trim().split("\n") : [];

/** The record once the attempt has ended: a host hears a moment later of a retry at another one. */
const ended = (host: FleetHost, id: string, attempt: number) =>
  recordThat(host.daemon, id, (record) => record.attempt === attempt && isFinal(record.state));

/** Only the named host takes operations. */
async function onlyAt(name: string): Promise<void> {
  for (const host of fleet.up) await host.client.drain({ draining: host.name !== name });
}

test.each([
  ["100 KB", 100_000],
  ["3 MiB", 3 * MIB],
  ["15 MiB", 15 * MIB],
])(
  "values of %s reach the next attempt on another host when the first host is gone with its disk",
  {
    timeout: patience(60_000),
  },
  async (name, size) => {
    const [a, b] = [fleet.host("a"), fleet.host("b")];
    await onlyAt("a");
    const side = join(fleet.dir, `large-${name}`);
    const { id } = await a.submit("holds", { params: { side, size, ends: ["wait", "go"] } });
    // Where b shows the stage as active, the engine has the values of the stages before it.
    await inStage(b.daemon, id, "Third");
    await b.client.drain({ draining: false });
    await a.kill();
    onTestFinished(() => a.start());
    a.removeState();
    const ended = await untilFinished(b.daemon, id);
    expect(ended).toMatchObject({ state: "succeeded", attempt: 2, host: "b" });
    expect(ended.result).toEqual([
      { length: size, by: "First 1" },
      { length: size, by: "Second 1" },
    ]);
    expect(ran(side)).toEqual(["1 First", "1 Second", "1 Third", "2 Third"]);
    // Nobody but later attempts reads the values.
    for await (const event of b.client.events(id)) expect(event).not.toHaveProperty("value");
    expect(readdirSync(join(b.daemon.world.stateDir, "runs", id))).not.toContain("values");
  },
);

test("finished items reach the next attempt on another host, but for those of the last second", {
  timeout: patience(60_000),
}, async () => {
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  await onlyAt("a");
  const side = join(fleet.dir, "keyed");
  const { id } = await a.submit("keyed", { params: { side, at: 20 } });
  await eventually("item 20 is in progress", () => ran(side).includes("1 item 20"));
  await b.client.drain({ draining: false });
  await a.kill();
  onTestFinished(() => a.start());
  a.removeState();
  expect(await untilFinished(b.daemon, id)).toMatchObject({
    state: "succeeded",
    attempt: 2,
    host: "b",
  });
  const again = ran(side).filter((line) => line.startsWith("2 "));
  // Items of 100 ms each.
  const first = Number(again[0]!.slice("2 item ".length));
  expect(first).toBeGreaterThanOrEqual(7);
  expect(first).toBeLessThanOrEqual(20);
  expect(again).toHaveLength(31 - first);
  // Nobody but later attempts reads which they are.
  const counts: number[] = [];
  for await (const event of b.client.events(id)) {
    expect(event).not.toHaveProperty("items");
    if (event.type === "items:finished") counts.push(event.count);
  }
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(first - 1);
  expect(readdirSync(join(b.daemon.world.stateDir, "runs", id))).not.toContain("values");
});

test("a retry from a stage counts on every host, whichever took the request", {
  timeout: patience(60_000),
}, async () => {
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  const side = join(fleet.dir, "retried");
  await onlyAt("a");
  const ends = ["throw", "throw", "throw", "go"];
  const { id } = await a.submit("holds", { params: { side, size: 20_000, ends } });
  expect((await ended(a, id, 1)).state).toBe("failed");
  // On another host than the request.
  await onlyAt("b");
  await a.client.retry(id, { from: "Second" });
  expect(await ended(b, id, 2)).toMatchObject({ state: "failed", host: "b" });
  await b.client.retry(id, { from: "First" });
  expect(await ended(b, id, 3)).toMatchObject({ state: "failed", host: "b" });
  await onlyAt("a");
  await b.client.retry(id, {});
  const last = await ended(a, id, 4);
  expect(last).toMatchObject({ state: "succeeded", host: "a" });
  expect(last.result).toMatchObject([{ by: "First 3" }, { by: "Second 3" }]);
  expect(ran(side)).toEqual([
    ...["1 First", "1 Second", "1 Third", "2 Second", "2 Third"],
    ...["3 First", "3 Second", "3 Third", "4 Third"],
  ]);
});
