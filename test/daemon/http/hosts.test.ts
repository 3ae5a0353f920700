/** The routes of hosts, and the host and tags of an operation, on a daemon without a fleet. */

import { hostname } from "node:os";
import { beforeEach, expect, test } from "vitest";
import type { HostsReply } from "../../../protocol/replies.js";
import { Served } from "../../harness/served.js";
import { WORKER } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem, expectRecord } from "./replies.js";

const directory = useDirectories();
let served: Served;

beforeEach(async () => {
  served = await Served.start(directory());
  return () => served.close();
});

const HERE = hostname();

const post = (url: string, payload: unknown = {}) =>
  served.inject({ method: "POST", url, payload: payload as object });
const submit = (body: Record<string, unknown>) =>
  post("/v1/operations", { op: "load-process-save", ...body });
const hosts = async () =>
  (await served.inject({ method: "GET", url: "/v1/hosts" })).json() as HostsReply;

test("the daemon lists itself as the only host", async () => {
  const id = await served.submit();
  await served.run(id);
  const { engine, hosts: all } = await hosts();
  expect(engine).toBeNull();
  expect(all).toMatchObject([
    {
      name: HERE,
      state: "up",
      since: null,
      tags: [],
      running: 1,
      draining: false,
      slots: 2,
      types: 0,
    },
  ]);
});

test("a host cannot be declared lost", async () => {
  for (const name of [HERE, "other"])
    expectProblem(
      await post(`/v1/hosts/${name}/lost`),
      "LIVEOPS_NOT_A_FLEET",
      /liveops(d)? start --fleet/,
    );
});

test("a host alone is not drained", async () => {
  expectProblem(
    await post("/v1/drain", { draining: true }),
    "LIVEOPS_NOT_A_FLEET",
    /liveops pause --all/,
  );
  expectProblem(await post("/v1/drain", {}), "LIVEOPS_BAD_REQUEST", /draining/);
});

test("the own host is taken, and another host or a tag is refused before anything is recorded", async () => {
  const { on, tags } = expectRecord(await submit({ on: HERE }), 201);
  expect({ on, tags }).toEqual({ on: HERE, tags: undefined });
  expectProblem(
    await submit({ on: "b" }),
    "LIVEOPS_NOT_A_FLEET",
    /no host "b".*alone on .*--fleet/,
  );
  expectProblem(
    await submit({ tags: ["gpu"] }),
    "LIVEOPS_NOT_A_FLEET",
    /tag gpu.*--fleet URL --tags gpu/,
  );
  expectProblem(await submit({ on: "../b" }), "LIVEOPS_BAD_REQUEST", /name of a host/);
  expectProblem(await submit({ tags: ["a,b"] }), "LIVEOPS_BAD_REQUEST", /must be a tag/);
  const batch = await post("/v1/operations", [
    { op: "load-process-save" },
    { op: "resumes", on: "b" },
  ]);
  expectProblem(batch, "LIVEOPS_NOT_A_FLEET", /batch of 2 rejected: item 2: .*"b"/);
  const schedule = { name: "nightly", cron: "@daily", operation: { op: "resumes", tags: ["gpu"] } };
  expectProblem(await post("/v1/schedules", schedule), "LIVEOPS_NOT_A_FLEET");
  expect(served.open.store.counts().queued).toBe(1);
});

test("again keeps the host, unless it names another or none", async () => {
  const id = await served.finished("failed", { on: HERE });
  const again = (body: object) => post(`/v1/operations/${id}/again`, body);
  expect(expectRecord(await again({}), 201).on).toBe(HERE);
  expect(expectRecord(await again({ on: null }), 201).on).toBeUndefined();
  expectProblem(await again({ on: "b" }), "LIVEOPS_NOT_A_FLEET");
});

test("the host of a start is the host of the record, in memory and sealed", async () => {
  const { store, lifecycle } = served.open;
  const id = await served.submit();
  const entry = store.ledger.get(id)!;
  const started = {
    type: "attempt:started",
    seq: 2,
    at: entry.record.createdAt,
    attempt: 1,
  } as const;
  const policy = { resumable: false, timeout: null, gracePeriod: 1, retry: null };
  const event = { ...started, host: "b", fence: 7 };
  await store.decide(
    { kind: "started", id, uptime: 1, event, worker: WORKER, policy },
    entry.version,
  );
  await lifecycle.conclude(id, 1, 2, () => ({
    finish: { state: "succeeded", result: null, error: null, next: null },
  }));
  await store.checkpoint();
  expect(expectRecord(await served.inject({ url: `/v1/operations/${id}` }))).toMatchObject({
    host: "b",
  });
  const [, line] = (await served.inject({ url: `/v1/operations/${id}/events` })).body.split("\n");
  expect(JSON.parse(line!)).toMatchObject({ type: "attempt:started", host: "b", fence: 7 });
});
