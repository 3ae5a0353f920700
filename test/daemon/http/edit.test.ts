/** `PATCH /v1/operations/:id`: what is still queued is changed, durably, and nothing else. */

import { cpSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_QUEUED_BYTES } from "../../../protocol/limits.js";
import type { Operation } from "../../../protocol/operation.js";
import { LIMITS } from "../../../protocol/system/config-limits.js";
import { Served } from "../../harness/served.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem, expectRecord } from "./replies.js";

const directory = useDirectories();
let served: Served;
beforeEach(async () => {
  served = await Served.start(directory());
});
afterEach(() => served.close());

const op = "load-process-save";
const submit = async (body: object = {}) => {
  const payload = JSON.stringify({ op, ...body });
  return (await served.inject({ method: "POST", url: "/v1/operations", payload })).json<Operation>();
};
const edit = (id: string, body: unknown) =>
  served.inject({ method: "PATCH", url: `/v1/operations/${id}`, payload: JSON.stringify(body) });
const entry = (id: string) => served.open.store.find(id)!;
const eventTypes = (id: string) => entry(id).events.map(({ type }) => type);

test("changes label, directory and environment; values stay out of the record", async () => {
  const first = await submit({ label: "old", env: { KEEP: "k", GO: "secret", SET: "old" } });
  const { id } = await submit();
  const body = { label: "new", cwd: "/tmp", env: { SET: "new", GO: null, MORE: "m" } };
  const record = expectRecord(await edit(first.id, body));
  expect(record).toMatchObject({ label: "new", cwd: "/tmp", queuePosition: 1, params: {} });
  expect(record.env).toEqual(["KEEP", "MORE", "SET"]);
  expect(JSON.stringify(record)).not.toContain("secret");
  expect(entry(first.id).env).toEqual({ KEEP: "k", SET: "new", MORE: "m" });
  // The loader reads parameters only where they change.
  expect(served.loader.prepared).toHaveLength(2);
  expect(expectRecord(await edit(first.id, { label: null })).label).toBeNull();
  expect(entry(id).record.queuePosition).toBeNull();
});

test("an empty label is no label", async () => {
  const { id, label } = await submit({ label: "" });
  expect(label).toBeNull();
  expectRecord(await edit(id, { label: "some" }));
  expect(expectRecord(await edit(id, { label: "" })).label).toBeNull();
});

test("a variable to remove that the operation does not have is refused with those that it has", async () => {
  const { id } = await submit({ env: { TOKEN: "t", MODE: "m" } });
  expectProblem(
    await edit(id, { label: "x", env: { TOKNE: null } }),
    "LIVEOPS_BAD_REQUEST",
    /^nothing was changed: "TOKNE" is not a variable of the submit; the operation has MODE, TOKEN$/,
  );
  expect(entry(id).record.label).toBeNull();
  const { id: bare } = await submit();
  expectProblem(await edit(bare, { env: { A: null } }), "LIVEOPS_BAD_REQUEST", /the operation has none$/);
});

test("words change the present parameters, params replaces them; title and stages are those of the type now", async () => {
  const { id } = await submit({ params: { a: 1, b: 2 } });
  served.loader.ops[0]!.title = "Another title";
  served.loader.ops[0]!.stages = ["Only"];
  expectRecord(await edit(id, { set: ["a=5"] }));
  expect(served.loader.prepared.at(-1)).toEqual({ params: { a: 1, b: 2 }, set: ["a=5"] });
  const record = expectRecord(await edit(id, { params: { c: 3 } }));
  expect(record).toMatchObject({ params: { c: 3 }, title: "Another title", stages: ["Only"] });
});

test("the events keep what was submitted and each change", async () => {
  const { id } = await submit({ params: { a: 1 }, label: "old" });
  await edit(id, { params: { a: 2 }, env: { TOKEN: "secret" } });
  await edit(id, { label: "new" });
  const reply = await served.inject({ url: `/v1/operations/${id}/events` });
  const events = reply.payload
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events[0].operation).toMatchObject({ params: { a: 1 }, label: "old" });
  expect(events[1]).toMatchObject({ type: "operation:edited", seq: 2, changes: { params: { a: 2 } } });
  expect(events[1].env).toEqual(["TOKEN"]);
  expect(events[2]).toMatchObject({ seq: 3, changes: { label: "new" }, env: [] });
  expect(reply.payload).not.toContain("secret");
});

test.each(["running", "succeeded", "failed", "cancelled"] as const)(
  "of a %s one is refused",
  async (state) => {
    const id = state === "running" ? await served.submit() : await served.finished(state);
    if (state === "running") await served.run(id);
    for (const body of [{ label: "x" }, { set: ["a=1"] }])
      expectProblem(await edit(id, body), "LIVEOPS_WRONG_STATE", /cannot be edited: it (is|has|was)/);
    expect(entry(id).record.label).toBeNull();
    expect(eventTypes(id)).not.toContain("operation:edited");
  },
);

test("an operation that starts while its parameters are read is refused", async () => {
  const { id } = await submit();
  served.loader.before = async () => {
    served.loader.before = async () => {};
    await served.run(id);
  };
  expectProblem(
    await edit(id, { params: { a: 1 } }),
    "LIVEOPS_WRONG_STATE",
    /cannot be edited: it is running/,
  );
  expect(entry(id).record.params).toEqual({});
});

test("an edit that comes while parameters are read is not undone: they are read again", async () => {
  const { id } = await submit({ params: { a: 1 } });
  served.loader.before = async () => {
    served.loader.before = async () => {};
    await edit(id, { params: { a: 2, b: 2 }, label: "between" });
  };
  expectRecord(await edit(id, { set: ["c=3"] }));
  expect(served.loader.prepared.at(-1)).toEqual({ params: { a: 2, b: 2 }, set: ["c=3"] });
  expect(entry(id).record).toMatchObject({ params: { a: 2, b: 2 }, label: "between" });
});

describe("is refused", () => {
  test.each([
    ["without a change", {}, "LIVEOPS_BAD_REQUEST", /changes nothing/],
    ["with an unknown key", { labels: "x" }, "LIVEOPS_BAD_REQUEST", /did you mean label\?/],
    [
      "with a reserved variable",
      { env: { LIVEOPS_OP: "x" } },
      "LIVEOPS_BAD_REQUEST",
      /env\.LIVEOPS_OP: the name is reserved/,
    ],
    ["with a relative directory", { cwd: "tmp" }, "LIVEOPS_BAD_REQUEST", /absolute path/],
    [
      "with parameters that the type does not accept",
      { params: { bad: 1 } },
      "LIVEOPS_PARAMS_INVALID",
      /it must not be/,
    ],
    [
      "with large parameters",
      { params: { a: "x".repeat(17_000) } },
      "LIVEOPS_TOO_LARGE",
      /liveops cancel .* submit it again/,
    ],
  ] as const)("%s", async (_what, body, code, said) => {
    const { id } = await submit({ params: { a: 1 } });
    expectProblem(await edit(id, body), code, said);
    expect(entry(id).record.params).toEqual({ a: 1 });
  });

  test("of large parameters; the label can be changed", async () => {
    const { id } = await submit({ params: { a: "x".repeat(17_000) } });
    expectProblem(await edit(id, { set: ["a=1"] }), "LIVEOPS_TOO_LARGE");
    const record = expectRecord(await edit(id, { label: "x" }));
    expect(record).toMatchObject({ label: "x", omitted: null, params: { a: "x".repeat(17_000) } });
  });

  test("of an operation that is not there, or whose type is gone", async () => {
    expectProblem(await edit("nosuchthing1", { label: "x" }), "LIVEOPS_NO_SUCH_OPERATION");
    const { id } = await submit();
    served.loader.ops.shift();
    expectProblem(await edit(id, { params: { a: 1 } }), "LIVEOPS_NO_SUCH_TYPE");
    expect(expectRecord(await edit(id, { label: "x" })).label).toBe("x");
  });
});

test("counts towards the bytes of the queue", async () => {
  const { id } = await submit();
  const { store } = served.open;
  const before = store.queuedBytes;
  expectRecord(await edit(id, { env: { A: "x".repeat(1000) } }));
  expect(store.queuedBytes - before).toBeGreaterThan(1000);
  expectRecord(await edit(id, { env: { A: null } }));
  expect(store.queuedBytes).toBe(before);
  served.context.settings.maxQueued = (before + 100) / MAX_QUEUED_BYTES;
  expectProblem(await edit(id, { env: { A: "x".repeat(1000) } }), "LIVEOPS_QUEUE_FULL", /maxQueued allows/);
  served.context.settings.maxQueued = LIMITS.maxQueued.default;
});

test("the journal alone, and the checkpoint, have the edited operation with its events", async () => {
  const { id } = await submit({ params: { a: 1 }, label: "old", env: { A: "1" } });
  await submit({ params: { a: 1 }, label: "old" });
  await edit(id, { params: { a: 2 }, label: "new", env: { B: "2" } });
  const before = entry(id);
  expect(before.env).toEqual({ A: "1", B: "2" });
  // As a crash leaves the directory: without a checkpoint after the edit.
  cpSync(served.open.dir, `${served.open.dir}-copy`, { recursive: true });
  const replayed = await OpenStore.open(`${served.open.dir}-copy`);
  expect(replayed.store.find(id)).toEqual(before);
  expect(replayed.store.queuedBytes).toBe(served.open.store.queuedBytes);
  await replayed.close();
  await served.close();
  served = await Served.start(served.open.dir);
  expect(served.open.store.find(id)).toEqual(before);
});
