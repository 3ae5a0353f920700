/**
 * Operations inside of a worker's attempt: what the worker asks the daemon, and when it asks again.
 */
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runInDaemon } from "../../../daemon/features/nested/daemon-children.js";
import type { Operation } from "../../../protocol/operation.js";
import { FakeDaemon, type Stream } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";

const ID = "inner0000000";
const CHILDREN = "/v1/operations/outer0000000/children";
const running = new Story({ id: ID, stages: ["Compile"] }).started().record();
const ended = (state: "succeeded" | "cancelled"): Operation => ({ ...running, state });

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.start();
});
afterEach(() => daemon[Symbol.asyncDispose]());

function run(signal = new AbortController().signal, records: Operation[] = []): Promise<Operation> {
  const { socket, dir } = daemon;
  const order = { id: "outer0000000", attempt: 2 };
  const setup = { socket, lockFile: join(dir, "workers/a.lock") };
  const call = { type: "build", params: { target: "arm" }, words: ["fast=yes"], queue: "gpu" };
  const place = { stage: "Build", occurrence: 1, call: 3 };
  return runInDaemon(order, setup, call, place, {
    signal,
    onRecord: (record) => records.push(record),
  });
}

/** Tells the record now, and as it is at the end. */
function watched(stream: Stream, last: Operation): void {
  stream.line({ type: "snapshot", cursor: "1", operations: [last], counts: {}, moreQueued: 0 });
  stream.line({ type: "end", id: ID, state: last.state });
  stream.end();
}

it("asks again while the daemon has no room, is lost, or ends the attempt", async () => {
  const answers: Array<(reply: Parameters<Parameters<FakeDaemon["on"]>[2]>[1]) => void> = [
    (reply) => reply.refuse("LIVEOPS_STORE_FULL", "the disk is full"),
    (reply) => reply.break(),
    (reply) => reply.refuse("LIVEOPS_WRONG_STATE", "attempt 2 does not run now"),
    (reply) => reply.json(running, 201),
  ];
  daemon.on("POST", CHILDREN, (_, reply) => answers.shift()!(reply));
  daemon.on("GET", "/v1/watch", (_, reply) => watched(reply.stream(), ended("succeeded")));
  const records: Operation[] = [];
  expect(await run(undefined, records)).toMatchObject({ id: ID, state: "succeeded" });
  const bodies = daemon.asked.filter(({ path }) => path === CHILDREN).map(({ body }) => body);
  expect(bodies).toHaveLength(4);
  for (const body of bodies)
    expect(body).toEqual({
      op: "build",
      params: { target: "arm" },
      set: ["fast=yes"],
      queue: "gpu",
      parent: { attempt: 2, stage: "Build", occurrence: 1, call: 3 },
    });
  expect([...new Set(records.map(({ state }) => state))]).toEqual(["running", "succeeded"]);
});

it("cancels the operation, and waits for its end", async () => {
  const stop = new AbortController();
  daemon.on("POST", CHILDREN, (_, reply) => reply.json(running, 201));
  daemon.on("GET", "/v1/watch", (_, reply) => {
    const stream = reply.stream();
    daemon.on("POST", `/v1/operations/${ID}/cancel`, (_asked, cancel) => {
      cancel.json({ ...running, cancelRequested: true });
      watched(stream, ended("cancelled"));
    });
    stop.abort();
  });
  expect(await run(stop.signal)).toMatchObject({ state: "cancelled" });
});

it("ends with the stop where the daemon does not come back, and at a refusal that stays", async () => {
  const stop = new AbortController();
  daemon.on("POST", CHILDREN, (_, reply) => {
    reply.refuse("LIVEOPS_ENGINE_AWAY", "no engine");
    stop.abort(new Error("stopped"));
  });
  await expect(run(stop.signal)).rejects.toThrow("stopped");
  daemon.on("POST", CHILDREN, (_, reply) =>
    reply.refuse("LIVEOPS_NO_SUCH_QUEUE", "there is no queue gpu"),
  );
  await expect(run()).rejects.toThrow("there is no queue gpu");
});
