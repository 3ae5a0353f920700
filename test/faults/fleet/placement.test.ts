/**
 * Where operations run: tags, pins and their reasons, a drain under load, and a chain that changes
 * hosts.
 */
// @module-tag postgresql
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { WatchLine } from "../../../protocol/watch.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { counts, patience } from "../mode.js";
import { runBin } from "../run-bin.js";
import { eventually, recordThat, untilFinished } from "../start.js";
import { expectLawful } from "./lawful.js";

const OPERATIONS = counts(60, 400);

let fleet: FleetWorld;
/** Operations that a test has cancelled. */
const cancelled = new Set<string>();
beforeAll(async () => {
  const hosts = { a: { tags: ["gpu"] }, b: { tags: ["eu", "ssd"] }, c: {} };
  fleet = await FleetWorld.start({ hosts });
}, patience(60_000));
afterAll(() => fleet?.[Symbol.asyncDispose](), patience(60_000));

const blockedAt = (name: string, id: string, reason: RegExp): Promise<Operation> =>
  recordThat(fleet.host(name).daemon, id, ({ blocked }) => reason.test(blocked?.reason ?? ""));

test("tags and pins decide the host, from any host, and by the command line", async () => {
  const c = fleet.host("c");
  const expected: Array<[id: string, host: string]> = [];
  for (let n = 0; n < 3; n++) {
    expected.push([(await fleet.submit(c, { op: "works", tags: ["gpu"] })).id, "a"]);
    expected.push([(await fleet.submit(c, { op: "works", tags: ["ssd", "eu"] })).id, "b"]);
    expected.push([(await fleet.submit(fleet.host("a"), { op: "works", on: "c" })).id, "c"]);
    expected.push([(await fleet.submit(c, { op: "works", on: "b", tags: ["eu"] })).id, "b"]);
  }
  const param = `effects=${fleet.effectsFile}`;
  for (const words of [
    ["--tag", "gpu"],
    ["--on", "a"],
  ]) {
    const { code, stdout, stderr } = await runBin(c.daemon.world, "liveops", [
      "submit",
      "works",
      param,
      ...words,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expected.push([stdout.trim(), "a"]);
  }
  for (const [id, host] of expected)
    expect(await untilFinished(c.daemon, id)).toMatchObject({ state: "succeeded", host });
  const ran = new Map(fleet.effects().map((effect) => [effect.id, effect.host]));
  for (const [id, host] of expected) expect(ran.get(id)).toBe(host);
});

test("what nobody can run is queued with the reason, at every host, until a host fits", {
  timeout: patience(60_000),
}, async () => {
  const c = fleet.host("c");
  const refused = await c.client
    .submit({ op: "works", on: "nowhere" }, "nowhere")
    .catch((error) => error);
  expect(refused).toMatchObject({ code: "LIVEOPS_NO_SUCH_HOST", status: 404 });
  const both = await fleet.submit(c, { op: "works", tags: ["gpu", "arm"] });
  for (const name of ["a", "b", "c"]) await blockedAt(name, both.id, /arm/);
  const d = await fleet.add("d", { tags: ["gpu", "arm"] });
  await d.start();
  expect(await untilFinished(c.daemon, both.id)).toMatchObject({ state: "succeeded", host: "d" });

  await d.kill();
  await fleet.untilLost(d);
  const pinned = await fleet.submit(c, { op: "works", on: "d" });
  for (const name of ["a", "b", "c"]) await blockedAt(name, pinned.id, /\bd\b.*lost/);
  // Cancelled and run again on another host, it runs there.
  await c.client.cancel(pinned.id);
  cancelled.add(pinned.id);
  const moved = await c.client.again(pinned.id, { on: "a" }, "moved");
  expect(await untilFinished(c.daemon, moved.id)).toMatchObject({ state: "succeeded", host: "a" });
  await d.start();
  expect(await d.client.show(moved.id)).toMatchObject({ state: "succeeded", host: "a" });
});

test("a host that is drained under load finishes what it runs and starts nothing, until the drain is undone", {
  timeout: patience(60_000, 240_000),
}, async () => {
  const a = fleet.host("a");
  const b = fleet.host("b");
  const before = fleet.effects().length;
  const params = { steps: 4, pause: 10 };
  const works = Array.from({ length: OPERATIONS }, (_, index) => ({
    op: index % 2 ? "works" : "works-on",
    params,
  }));
  const ids = await fleet.submitAll(works);
  const here = () => fleet.effects().slice(before);
  await eventually("a has begun some", () => here().filter(({ host }) => host === "a").length > 5);
  expect((await runBin(a.daemon.world, "liveops", ["drain"])).code).toBe(0);
  await eventually("a runs nothing", async () => (await a.client.daemon()).running === 0);
  const begun = (host: string) =>
    here().filter((effect) => effect.what === "begin" && effect.host === host).length;
  const atDrain = begun("a");
  expect(await fleet.told(a)).toMatchObject({ draining: true, running: 0, state: "up" });
  const elsewhere = begun("b") + begun("c") + begun("d");
  await eventually("others go on", () => begun("b") + begun("c") + begun("d") > elsewhere + 5);
  expect(begun("a")).toBe(atDrain);
  const pinned = await fleet.submit(b, { op: "works", on: "a" });
  await blockedAt("b", pinned.id, /\ba, which drains/);
  for (const id of ids) await untilFinished(b.daemon, id);
  expect(begun("a")).toBe(atDrain);
  await a.client.drain({ draining: false });
  expect(await untilFinished(b.daemon, pinned.id)).toMatchObject({ state: "succeeded", host: "a" });
  expectLawful("fleet: drained under load", 1, { ...(await fleet.history(ids)), cancelled });
});

/** The lines of one stream, over the whole chain. */
async function followChain(name: string, id: string): Promise<WatchLine[]> {
  const lines: WatchLine[] = [];
  const query = { operation: id, follow: "chain", log: true } as const;
  for await (const line of fleet.host(name).client.watch(query)) {
    lines.push(line);
    if (line.type === "end") break;
  }
  return lines;
}

test("a chain that changes hosts is followed on one stream of a third host, each link once", {
  timeout: patience(60_000),
}, async () => {
  const drain = async (...names: string[]) => {
    for (const host of fleet.up) await host.client.drain({ draining: names.includes(host.name) });
  };
  const LINKS = 4;
  await drain("b", "c", "d");
  const params = { links: LINKS, steps: 6, pause: 150 };
  const first = await fleet.submit(fleet.host("c"), { op: "works-on", params });
  const stream = followChain("c", first.id);
  const hosts: string[] = [];
  // Each link runs at the one host that takes operations while the link before runs.
  for (let link = 0, id: string | null = first.id; link < LINKS && id !== null; link++) {
    const running: Operation = await recordThat(
      fleet.host("c").daemon,
      id,
      ({ state, stageStates }) => state === "running" && stageStates.First !== undefined,
    );
    hosts.push(running.host!);
    await (link % 2 === 0 ? drain("a", "c", "d") : drain("b", "c", "d"));
    const ended: Operation = await untilFinished(fleet.host("c").daemon, id);
    expect(ended.state).toBe("succeeded");
    id = ended.chain.next;
  }
  await drain();
  expect(hosts).toEqual(["a", "b", "a", "b"]);
  const lines = await stream;
  const handovers = lines.flatMap((line) =>
    line.type === "chained" ? [[line.from, line.to]] : [],
  );
  expect(handovers).toHaveLength(LINKS - 1);
  expect(handovers[0]![0]).toBe(first.id);
  for (const [index, [from]] of handovers.entries())
    if (index > 0) expect(from).toBe(handovers[index - 1]![1]);
  // begin, six steps and end of each link.
  const logged = lines.flatMap((line) => (line.type === "log" ? line.lines : []));
  expect(logged.filter(({ stream: from }) => from === "log")).toHaveLength(LINKS * 8);

  // A chain whose type says nothing about hosts stays where it began.
  const staying = await fleet.submit(fleet.host("c"), {
    op: "works",
    on: "b",
    params: { links: 3 },
  });
  await delay(0);
  await fleet.untilIdle();
  const all = fleet.effects().filter(({ what }) => what === "begin");
  const history = { ...(await fleet.history()), cancelled };
  const chain = history.told.get("c")!.filter((told) => told.chain.id === staying.id);
  expect(chain).toHaveLength(3);
  for (const { id } of chain) expect(all.find((effect) => effect.id === id)?.host).toBe("b");
  expectLawful("fleet: chain across hosts", 3, history);
});
