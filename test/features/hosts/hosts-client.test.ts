/** The client of several daemons, over scripted ones: who is asked, what is put together, and what a slow one delays. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Client } from "../../../protocol/client/client.js";
import { Refusal } from "../../../protocol/errors.js";
import { send } from "../../../tui/dashboard/daemon-calls.js";
import { Hosts } from "../../../tui/features/hosts/hosts.js";
import { HostsClient } from "../../../tui/features/hosts/hosts-client.js";
import { backup, operation } from "../../tui/dashboard/operations.js";
import { World } from "../../tui/dashboard/world.js";

let worlds: Record<"box" | "den", World>;
let client: HostsClient;
let all: Hosts;

beforeEach(async () => {
  worlds = { box: await World.start(), den: await World.start() };
  const hosts = Object.entries(worlds).map(([name, { socket }]) => ({
    name,
    address: socket,
    client: new Client(socket),
  }));
  all = new Hosts(hosts);
  for (const { name } of hosts) all.line(name, { type: "resumed", cursor: "" });
  client = new HostsClient(all);
});
afterEach(async () => {
  for (const world of Object.values(worlds)) await world[Symbol.asyncDispose]();
});

const SAME = "sameidaaaaaa";

function putBoth(): void {
  worlds.box.put(backup({ id: SAME, label: "of box" }));
  worlds.den.put(backup({ id: SAME, label: "of den" }));
}

/** The ids that a daemon was asked to cancel. */
function answersCancels(world: World): string[] {
  const asked: string[] = [];
  world.daemon.on("POST", /\/cancel$/, ({ path }, reply) => {
    const id = path.split("/")[3]!;
    asked.push(id);
    reply.json(world.operations.get(id));
  });
  return asked;
}

test("what is about an operation goes to the daemon that owns it; equal ids do not meet", async () => {
  putBoth();
  expect((await client.show(`${SAME}@den`)).label).toBe("of den");
  expect(await client.show(`${SAME}@box`)).toMatchObject({
    id: `${SAME}@box`,
    host: "box",
    chain: { id: `${SAME}@box` },
  });
  const [box, den] = [answersCancels(worlds.box), answersCancels(worlds.den)];
  await send(client, { kind: "cancel", ids: [`${SAME}@den`] });
  expect([box, den]).toEqual([[], [SAME]]);
});

test("what runs inside of an operation is asked of its host; what runs inside of none, of all", async () => {
  putBoth();
  const parent = { id: SAME, attempt: 1, stage: null, occurrence: 0, call: 1 };
  for (const world of Object.values(worlds)) world.put(operation({ id: "insideaaaaaa", parent }));
  const ids = async (of: string) => (await client.list({ parent: of })).operations;
  expect(await ids(`${SAME}@den`)).toMatchObject([{ id: "insideaaaaaa@den", parent: { id: `${SAME}@den` } }]);
  expect((await ids("none")).map(({ id }) => id).sort()).toEqual([`${SAME}@box`, `${SAME}@den`]);
});

test("a host that refuses keeps no other one from what was asked of it, and is named", async () => {
  putBoth();
  const den = answersCancels(worlds.den);
  worlds.box.daemon.on("POST", /\/cancel$/, (_asked, reply) =>
    reply.refuse("LIVEOPS_WRONG_STATE", "already finished"),
  );
  await expect(send(client, { kind: "cancel", ids: [`${SAME}@box`, `${SAME}@den`] })).rejects.toThrow(
    "box: already finished",
  );
  expect(den).toEqual([SAME]);
});

test("several operations of a host are one request, with the ids that the host knows", async () => {
  putBoth();
  worlds.den.put(operation({ id: "moreaaaaaaaa" }));
  worlds.den.daemon.on("POST", "/v1/cancel", (_asked, reply) => {
    const stream = reply.stream();
    const problem = new Refusal("LIVEOPS_WRONG_STATE", "over").toProblem();
    stream.line({ type: "refused", id: "moreaaaaaaaa", problem });
    stream.line({ type: "changed", operation: worlds.den.operations.get(SAME) });
    stream.line({ type: "end" });
    stream.end();
  });
  const ids = [`${SAME}@den`, "moreaaaaaaaa@den"];
  await expect(send(client, { kind: "cancel", ids })).rejects.toThrow("over");
  const asked = worlds.den.daemon.asked.filter(({ method }) => method === "POST");
  expect(asked).toMatchObject([{ path: "/v1/cancel", body: { ids: [SAME, "moreaaaaaaaa"] } }]);
});

test("a prefix without a host is looked for on all of them", async () => {
  putBoth();
  worlds.den.put(operation({ id: "onlyaaaaaaaa" }));
  expect((await client.show("only")).id).toBe("onlyaaaaaaaa@den");
  await expect(client.show("same")).rejects.toThrow(`same is on several hosts: ${SAME}@box, ${SAME}@den`);
  await expect(client.show("nothere")).rejects.toMatchObject({ code: "LIVEOPS_NO_SUCH_OPERATION" });
  // It may be on the host that does not answer.
  all.lost("den", "it is gone", 0);
  await expect(client.show("nothere")).rejects.toThrow("no operation nothere on the hosts that answer");
});

test("an answer about all hosts does not wait for a slow one, which the next one has", async () => {
  const queue = { concurrency: 1, pausedSince: null, configured: false, queued: 0, running: 0, toAnswer: 0 };
  worlds.box.daemon.on("GET", "/v1/queues", (_asked, reply) =>
    reply.json({ queues: [{ ...queue, name: "default" }] }),
  );
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    worlds.den.daemon.on("GET", "/v1/queues", (_asked, reply) => {
      answer = () => reply.json({ queues: [{ ...queue, name: "gpu" }] });
      resolve();
    });
  });
  const first = client.queues();
  await asked;
  expect((await first).queues.map(({ name }) => name)).toEqual(["default@box"]);
  answer();
  await expect.poll(async () => (await client.queues()).queues.length).toBe(2);
  // What it told stands in for it where it does not answer again.
  all.lost("den", "it is gone", 0);
  expect((await client.queues()).queues.map(({ name }) => name)).toEqual(["default@box", "gpu@den"]);
});

test("the error of one host hides no answer of another; the error of all is the first", async () => {
  const refuse = (world: World) =>
    world.daemon.on("GET", "/v1/ops", (_asked, reply) => reply.refuse("LIVEOPS_INTERNAL", "it hangs"));
  refuse(worlds.box);
  const type = { op: "shell", title: "Shell" };
  worlds.den.daemon.on("GET", "/v1/ops", (_asked, reply) =>
    reply.json({ ops: [type], errors: [], withoutType: [], notLoaded: [], shadowed: [] }),
  );
  expect((await client.types()).ops).toEqual([{ ...type, op: "shell@den" }]);
  all.lost("den", "it is gone", 0);
  all.line("box", { type: "resumed", cursor: "" });
  expect((await client.types()).ops.map(({ op }) => op)).toEqual(["shell@den"]);
  await expect(client.forecast()).rejects.toThrow();
});
