/** What a real daemon sends fits `openapi.json`: the daemon does not validate its own replies. */
import { beforeAll, expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import type { ListQuery } from "../../protocol/requests.js";
import type { WatchLine } from "../../protocol/watch.js";
import { CheckedClient } from "../harness/checked-client.js";
import { useWorld } from "./world.js";

// One worker: what is submitted beside a running operation is queued.
const world = useWorld({ examples: true, words: ["--concurrency", "1"] });
/** Throws where a reply or a line does not fit. */
const client = new CheckedClient(world.socket);
const submit = (op: string, params: Record<string, unknown>, key: string) =>
  client.submit({ op, params, label: key, cwd: world.work }, key);
const list = async (query: ListQuery) => (await client.list(query)).operations;

let chained: Operation;
let failed: Operation;

beforeAll(async () => {
  world.write("work/file.txt", "text");
  chained = await submit("step-a", { directory: world.work }, "chained");
  failed = await submit("fail-at-item", { items: 3, failAt: 2 }, "failed");
  await world.finished(failed.id);
});

test("a chain, watched to its end with its log", async () => {
  const types = new Set<WatchLine["type"]>();
  for await (const line of client.watch({ operation: chained.id, follow: "chain", log: true }))
    types.add(line.type);
  expect([...types]).toEqual(expect.arrayContaining(["snapshot", "end"]));
  expect(await client.show(chained.id)).toMatchObject({ state: "succeeded", label: "chained" });
  expect((await client.history("step-a")).runs).toBe(1);
});

test("events with log lines, and a page of the log", async () => {
  const types = new Set<string>();
  for await (const { type } of client.events(failed.id, { follow: true, log: true }))
    types.add(type);
  const some = [
    "operation:submitted",
    "attempt:accepted",
    "stage:left",
    "log:line",
    "operation:finished",
  ];
  expect([...types]).toEqual(expect.arrayContaining([...some, "end"]));
  expect((await client.log(failed.id)).lines.map(({ text }) => text)).toContain("item 1 done");
});

test("a running operation and one that waits for it; retry, cancel and remove", async () => {
  const running = await submit(
    "fail-at-item",
    { items: 1000, failAt: 0, delayMs: 1000 },
    "running",
  );
  await world.record(running.id, ({ progress }) => progress !== null);
  const [queued] = await client.submit([{ op: "shell", params: { args: ["true"] } }], "queued");
  await client.retry(failed.id);
  expect(await list({ state: ["running"] })).toMatchObject([
    { id: running.id, stalledSince: null },
  ]);
  expect(await list({ state: ["queued"] })).toHaveLength(2);
  for (const { id } of [queued!, failed, running]) await client.cancel(id);
  await world.finished(running.id);
  expect(await client.remove(running.id)).toMatchObject({ state: "cancelled" });
});

test("the daemon, its types and a stop", async () => {
  expect((await client.types()).ops.map(({ op }) => op)).toContain("step-a");
  expect(await client.daemon()).toMatchObject({
    counts: { succeeded: 2, running: 0 },
    problems: [],
  });
  await client.stop();
});
