/**
 * The session and the directory of a submit: in the record, in lists, and in the cancel of a
 * session.
 */

import { beforeEach, expect, test } from "vitest";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem, expectRecord } from "./replies.js";

const directory = useDirectories();
let served: Served;

beforeEach(async () => {
  served = await Served.start(directory());
  return () => served.close();
});

const post = (url: string, payload: object) => served.inject({ method: "POST", url, payload });
const submit = async (body: Record<string, unknown>) =>
  expectRecord(await post("/v1/operations", { op: "load-process-save", ...body }), 201).id;
const listed = async (query: string) => {
  const { operations, total } = (await served.inject({ url: `/v1/operations?${query}` })).json();
  expect(total).toBe(operations.length);
  return operations.map((it: { id: string }) => it.id);
};

test("lists find a session and a directory, in memory and sealed", async () => {
  const { store, lifecycle } = served.open;
  const inside = await submit({ cwd: "/srv/shop/api", session: "one" });
  const elsewhere = await submit({ cwd: "/tmp", submittedFrom: "/srv/shop", session: "two" });
  const beside = await submit({ cwd: "/srv/shopping" });
  const check = async () => {
    expect(await listed("session=one")).toEqual([inside]);
    expect(await listed("session=none")).toEqual([]);
    expect(await listed("here=/srv/shop")).toEqual([elsewhere, inside]);
    expect(await listed("here=/srv/shop/api&session=one")).toEqual([inside]);
    expect(await listed("here=/")).toEqual([beside, elsewhere, inside]);
    expect(await listed("here=/tmp")).toEqual([]);
  };
  await check();
  for (const id of [inside, elsewhere, beside]) await lifecycle.cancel(id);
  await store.checkpoint();
  await check();
});

test("the list of a session has the submits that were sent before, though their types still load", async () => {
  const loaded = Promise.withResolvers<void>();
  const prepare = served.loader.prepare.bind(served.loader);
  const asked = new Promise<void>((resolve) => {
    served.loader.prepare = (asks) => {
      resolve();
      return loaded.promise.then(() => prepare(asks));
    };
  });
  const submitted = submit({ session: "one" });
  await asked;
  const list = listed("session=one");
  // All else that the list does has its turns first.
  expect(await listed("text=load")).toEqual([]);
  loaded.resolve();
  expect(await list).toEqual([await submitted]);
});

test("a session is cancelled as a whole", async () => {
  const [first, second] = [await submit({ session: "one" }), await submit({ session: "one" })];
  const other = await submit({ session: "two" });
  await post("/v1/cancel", { session: "one" });
  expect(await listed("state=cancelled")).toEqual([second, first]);
  expect(await listed("state=queued")).toEqual([other]);
});

test("a command inside of an operation of a session answers nothing for a person, and what it submits is of the session", async () => {
  const agent = await submit({ session: "agent 1" });
  const own = await submit({});
  const from = (id: string, url: string, payload: object) =>
    served.inject({ method: "POST", url, payload, headers: { "liveops-within": `${id} 1` } });
  const refusal =
    /a person decides.*session "agent 1"; ask your user to run in a terminal: liveops /;
  const acts = [
    ["approve", {}],
    ["reject", {}],
    ["retry", { done: [{ stage: "Load" }] }],
    ["terminal", { text: "yes\r" }],
  ] as const;
  for (const [act, body] of acts) {
    expectProblem(
      await from(agent, `/v1/operations/${own}/${act}`, body),
      "LIVEOPS_WRONG_STATE",
      refusal,
    );
    const allowed = await from(own, `/v1/operations/${own}/${act}`, body);
    expect(allowed.json().detail).not.toMatch(refusal);
  }
  const body = { op: "load-process-save" };
  const deeper = expectRecord(await from(agent, "/v1/operations", body), 201);
  expect(deeper).toMatchObject({ session: "agent 1" });
  expect(expectRecord(await from(own, "/v1/operations", body), 201)).not.toHaveProperty("session");
  await served.open.lifecycle.cancel(deeper.id);
  expect(
    expectRecord(await from(agent, `/v1/operations/${deeper.id}/again`, {}), 201),
  ).toMatchObject({
    session: "agent 1",
  });
  const schedule = { name: "nightly", cron: "@daily", operation: body };
  const added = await from(agent, "/v1/schedules", schedule);
  expect(added.json()).toMatchObject({ operation: { session: "agent 1" } });
});
