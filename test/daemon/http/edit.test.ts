/** `PATCH /v1/operations/:id`: what is still queued is changed, durably, and nothing else. */

import { cpSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
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
  return (
    await served.inject({ method: "POST", url: "/v1/operations", payload })
  ).json<Operation>();
};
const edit = (id: string, body: unknown) =>
  served.inject({ method: "PATCH", url: `/v1/operations/${id}`, payload: JSON.stringify(body) });
const entry = (id: string) => served.open.store.find(id)!;
const eventTypes = (id: string) => entry(id).events.map(({ type }) => type);

test("changes label, queue, priority and start", async () => {
  const first = await submit({ label: "old" });
  await submit();
  const notBefore = "2998-01-01T00:00:00.000Z";
  const record = expectRecord(await edit(first.id, { label: "new", priority: -1, notBefore }));
  expect(record).toMatchObject({ label: "new", priority: -1, notBefore, queuePosition: null });
  const topped = expectRecord(await edit(first.id, { notBefore: null, top: true }));
  expect(topped).toMatchObject({ label: "new", notBefore: null, queuePosition: 1 });
  expect(expectRecord(await edit(first.id, { label: null })).label).toBeNull();
});

test("an empty label is no label", async () => {
  const { id, label } = await submit({ label: "" });
  expect(label).toBeNull();
  expectRecord(await edit(id, { label: "some" }));
  expect(expectRecord(await edit(id, { label: "" })).label).toBeNull();
});

test("the events keep what was submitted and each change", async () => {
  const { id } = await submit({ label: "old" });
  await edit(id, { label: "new" });
  const reply = await served.inject({ url: `/v1/operations/${id}/events` });
  const events = reply.payload
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events[0].operation).toMatchObject({ label: "old" });
  expect(events[1]).toEqual({
    type: "operation:edited",
    seq: 2,
    at: expect.any(String),
    attempt: 0,
    changes: { label: "new" },
  });
});

test.each(["running", "succeeded", "failed", "cancelled"] as const)(
  "of a %s one is refused",
  async (state) => {
    const id = state === "running" ? await served.submit() : await served.finished(state);
    if (state === "running") await served.run(id);
    expectProblem(
      await edit(id, { label: "x" }),
      "LIVEOPS_WRONG_STATE",
      /cannot be edited: it (is|has|was)/,
    );
    expect(entry(id).record.label).toBeNull();
    expect(eventTypes(id)).not.toContain("operation:edited");
  },
);

test.each([
  ["without a change", {}, "LIVEOPS_BAD_REQUEST", /changes nothing; give label/],
  ["with an unknown key", { labels: "x" }, "LIVEOPS_BAD_REQUEST", /did you mean label\?/],
  ["with parameters", { params: { a: 1 } }, "LIVEOPS_BAD_REQUEST", /params/],
  ["with a queue that is not there", { queue: "absent" }, "LIVEOPS_NO_SUCH_QUEUE", /absent/],
] as const)("is refused %s", async (_what, body, code, said) => {
  const { id } = await submit();
  expectProblem(await edit(id, body), code, said);
  expect(eventTypes(id)).toEqual(["operation:submitted"]);
  expectProblem(await edit("nosuchthing1", { label: "x" }), "LIVEOPS_NO_SUCH_OPERATION");
});

test("the journal alone, and the checkpoint, have the edited operation with its events", async () => {
  const { id } = await submit({ label: "old" });
  await edit(id, { label: "a longer one" });
  const before = entry(id);
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
