/**
 * `POST /v1/cancel`, `/v1/retry` and `/v1/remove`: what they select, in which order, and what is
 * refused.
 */

import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Client } from "../../../protocol/client/client.js";
import type { SelectionLine } from "../../../protocol/stream-lines.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem } from "./replies.js";

const directory = useDirectories();
let served: Served;
let client: Client;
beforeEach(async () => {
  served = await Served.start(directory());
  client = await served.listen();
});
afterEach(() => served.close());

/** Each line in short: an id and its state, or the code of the refusal. */
async function told(lines: AsyncGenerator<SelectionLine>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) {
    if (line.type === "changed") all.push(`${line.operation.id} ${line.operation.state}`);
    else all.push(line.type === "refused" ? `${line.id} ${line.problem.code}` : "end");
  }
  return all;
}

const submitted = (id: string, over: object = {}) => served.submit({ id, ...over });

test("a cancel decides on queued operations before running ones, the newest first", async () => {
  for (const id of ["arunning", "aqueued", "bqueued"]) await submitted(id);
  await served.run("arunning");
  expect(await told(client.cancelAll({ all: true }))).toEqual([
    "bqueued cancelled",
    "aqueued cancelled",
    "arunning running",
    "end",
  ]);
  expect((await client.show("arunning")).cancelRequested).toBe(true);
  expect(await told(client.cancelAll({ all: true, op: "other" }))).toEqual(["end"]);
});

test("a cancel of many operations is not one turn: others are answered between its pieces", async () => {
  const ids = Array.from({ length: 120 }, (_, n) => `n${n}`);
  for (const id of ids) await submitted(id);
  const { lifecycle } = served.context;
  const cancel = lifecycle.cancel.bind(lifecycle);
  let underWay = 0;
  const most: number[] = [];
  lifecycle.cancel = (...args) => {
    most.push(++underWay);
    return cancel(...args).finally(() => underWay--);
  };
  const newestFirst = ids.toReversed().map((id) => `${id} cancelled`);
  expect(await told(client.cancelAll({ all: true }))).toEqual([...newestFirst, "end"]);
  expect(Math.max(...most)).toBe(50);
});

test("a client that leaves at the last line was not cut off", async () => {
  const warned: unknown[] = [];
  served.context.log.warn = (...words: unknown[]) => void warned.push(words);
  await submitted("queued1");
  for await (const { type } of client.cancelAll({ all: true }))
    if (type === "end") served.app.server.closeAllConnections();
  await setImmediate();
  expect(warned).toEqual([]);
});

test("what runs inside of another operation is selected by its id only", async () => {
  const parent = { id: "outer", attempt: 1, stage: null, occurrence: 0, call: 1 };
  await submitted("outer");
  await submitted("inner", { parent });
  expect(await told(client.cancelAll({ ids: ["inner"] }))).toEqual(["inner cancelled", "end"]);
  expect(await told(client.removeAll({ state: ["cancelled"] }))).toEqual(["end"]);
  expect(await told(client.cancelAll({ all: true }))).toEqual(["outer cancelled", "end"]);
  expect(await told(client.retryAll({ state: ["cancelled"] }))).toEqual(["outer queued", "end"]);
  expect(await told(client.removeAll({ ids: ["inner"] }))).toEqual(["inner cancelled", "end"]);
});

test("every key narrows the selection", async () => {
  await submitted("plain");
  await submitted("labelled", { label: "red" });
  await submitted("placed", { op: "other", label: "red" });
  expect(await told(client.cancelAll({ label: "red", op: "other" }))).toEqual([
    "placed cancelled",
    "end",
  ]);
  expect(await told(client.cancelAll({ olderThan: 3600 }))).toEqual(["end"]);
  expect(await told(client.cancelAll({ state: ["queued", "failed"], label: "red" }))).toEqual([
    "labelled cancelled",
    "end",
  ]);
  expect(await told(client.retryAll({ op: "other" }))).toEqual(["placed queued", "end"]);
  expect(await told(client.removeAll({ state: ["cancelled"] }))).toEqual([
    "labelled cancelled",
    "end",
  ]);
  expect((await client.list()).operations.map(({ id }) => id)).toEqual(["placed", "plain"]);
});

test("more finished operations than one piece, sealed or not, are removed and retried, the oldest first", async () => {
  const ids = Array.from({ length: 450 }, (_, n) => `n${n}`);
  for (const id of ids) await submitted(id);
  await told(client.cancelAll({ all: true }));
  await served.open.store.checkpoint();
  const all = (state: string) => [...ids.map((id) => `${id} ${state}`), "end"];
  expect(await told(client.retryAll({ all: true }))).toEqual(all("queued"));
  await told(client.cancelAll({ all: true }));
  expect(await told(client.removeAll({ state: ["cancelled"] }))).toEqual(all("cancelled"));
  expect((await client.list()).total).toBe(0);
});

test("the refusal of one id leaves the others", async () => {
  for (const id of ["queued1", "running1"]) await submitted(id);
  expect(await told(client.retryAll({ ids: ["queued1"], from: "Load" }))).toEqual([
    "queued1 LIVEOPS_WRONG_STATE",
    "end",
  ]);
  const done = await served.finished("succeeded");
  await served.run("running1");
  expect(
    await told(client.removeAll({ ids: ["running1", "queued", done, "nothere", "queued1"] })),
  ).toEqual([
    "nothere LIVEOPS_NO_SUCH_OPERATION",
    "queued1 cancelled",
    "running1 LIVEOPS_WRONG_STATE",
    `${done} succeeded`,
    "end",
  ]);
});

test.each([
  [{}, /must have ids, or what selects operations/],
  [{ ids: ["abc"], all: true }, /must have ids, or what selects operations/],
  [{ state: ["failed"] }, /the state failed selects nothing.* queued or running$/],
  [{ labl: "x" }, /did you mean label\?/],
])("a cancel of %j is refused", async (body, detail) => {
  const reply = await served.inject({
    method: "POST",
    url: "/v1/cancel",
    payload: JSON.stringify(body),
  });
  expectProblem(reply, "LIVEOPS_BAD_REQUEST", detail);
});
