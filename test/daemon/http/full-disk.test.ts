/**
 * A full disk of the state directory: requests that must be recorded get 507, the others still
 * answer.
 */
import { expect, test } from "vitest";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem, expectRecord } from "./replies.js";

useFailingDisk();
const directory = useDirectories();

test("submits, cancels, retries and removals are refused and change nothing, until there is room", async () => {
  const served = await Served.start(directory());
  const queued = await served.submit();
  const failed = await served.finished("failed");
  const before = served.open.seen();
  const requests = [
    { method: "POST", url: "/v1/operations", payload: '{"op":"load-process-save"}' },
    { method: "POST", url: `/v1/operations/${queued}/cancel` },
    { method: "POST", url: `/v1/operations/${failed}/retry` },
    { method: "DELETE", url: `/v1/operations/${failed}` },
  ] as const;
  for (const request of requests) {
    // Whatever room the journal has made ahead.
    disk.copiesOnWrite = true;
    disk.room = 10;
    expectProblem(
      await served.inject(request),
      "LIVEOPS_STORE_FULL",
      /free some disk space, then try again/,
    );
    disk.heal();
    disk.room = 0;
    const daemon = (await served.inject({ method: "GET", url: "/v1/daemon" })).json();
    expect(daemon.storeFull).toBe(true);
    expect(served.open.seen()).toEqual(before);
    disk.heal();
  }
  expectRecord(await served.inject(requests[0]), 201);
  expect((await served.inject({ method: "GET", url: "/v1/daemon" })).json().storeFull).toBe(false);
  expectRecord(await served.inject(requests[3]));
  await served.close();
});

test("a submit with a key that found no room may be sent again", async () => {
  const served = await Served.start(directory());
  const request = {
    method: "POST",
    url: "/v1/operations",
    payload: '{"op":"load-process-save"}',
    headers: { "idempotency-key": "k" },
  } as const;
  disk.copiesOnWrite = true;
  disk.room = 10;
  expectProblem(await served.inject(request), "LIVEOPS_STORE_FULL");
  disk.heal();
  const { id } = expectRecord(await served.inject(request), 201);
  expect(expectRecord(await served.inject(request), 200).id).toBe(id);
  await served.close();
});
