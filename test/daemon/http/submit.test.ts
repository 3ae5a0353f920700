/** `POST /v1/operations`. */

import { homedir } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_BODY, MAX_PARAMS } from "../../../protocol/limits.js";
import type { Operation } from "../../../protocol/operation.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem, expectRecord } from "./replies.js";

const directory = useDirectories();
let served: Served;
beforeEach(async () => {
  served = await Served.start(directory(), { maxQueued: 3 });
});
afterEach(() => served.close());

const post = (payload: unknown, headers: Record<string, string> = {}) =>
  served.inject({
    method: "POST",
    url: "/v1/operations",
    headers,
    payload: typeof payload === "string" ? payload : JSON.stringify(payload),
  });
const op = "load-process-save";
const count = () => served.open.store.count({});

test("what waits for any end waits again once its dependency is retried before it starts", async () => {
  const { id } = expectRecord(await post({ op }), 201);
  const waits = expectRecord(await post({ op, afterAny: [id] }), 201);
  const shown = async () =>
    expectRecord(await served.inject({ url: `/v1/operations/${waits.id}` }), 200);
  expect(await shown()).toMatchObject({ waitsFor: [id], queuePosition: null });
  await served.inject({ method: "POST", url: `/v1/operations/${id}/cancel` });
  expect(await shown()).toMatchObject({ waitsFor: null, queuePosition: 1 });
  await served.inject({ method: "POST", url: `/v1/operations/${id}/retry` });
  expect(await shown()).toMatchObject({ waitsFor: [id], queuePosition: null });
});

test("answers with the queued record, its place, and what was given", async () => {
  const record = expectRecord(
    await post({ op, params: { a: 1 }, label: "mine", cwd: "/tmp" }),
    201,
  );
  expect(record).toMatchObject({
    op,
    title: `Title of ${op}`,
    params: { a: 1 },
    label: "mine",
    cwd: "/tmp",
    state: "queued",
    queuePosition: 1,
    attempt: 0,
    chain: { id: record.id, index: 0, previous: null, next: null },
  });
  expect(expectRecord(await post({ op }), 201)).toMatchObject({
    queuePosition: 2,
    cwd: homedir(),
    label: null,
  });
  expect(served.open.store.find(record.id)?.record.state).toBe("queued");
});

test("hands words on to the loader; the record has the names of the variables, never a value", async () => {
  const env = { TOKEN: "secret", LANG: "C.UTF-8" };
  const record = expectRecord(await post({ op, set: ["a=1"], env }), 201);
  expect(served.loader.prepared).toEqual([{ set: ["a=1"] }]);
  expect(record.env).toEqual(["LANG", "TOKEN"]);
  expect(served.open.store.find(record.id)?.env).toEqual(env);
  for (const url of [
    `/v1/operations/${record.id}`,
    "/v1/operations",
    `/v1/operations/${record.id}/events`,
  ])
    expect((await served.inject({ url })).payload).not.toMatch(/secret|UTF-8/);
});

describe("the body", () => {
  test.each([
    undefined,
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "nonsense",
    "a/b; c",
  ])("is JSON under the content type %s", async (type) => {
    expectRecord(await post({ op }, type === undefined ? {} : { "content-type": type }), 201);
  });

  test.each([
    ["no JSON", "op=backup", /the body is not valid JSON/],
    ["half of it", '{"op":', /the body is not valid JSON/],
    ["a text", '"backup"', /^the body takes a JSON object, or a list of them, not "backup";/],
    ["null", "null", /^the body takes a JSON object, or a list of them, not null;/],
    ["a number", "5", /^the body takes a JSON object, or a list of them, not 5;/],
    [
      "very deep",
      `{"op":"x","params":${"[".repeat(900)}${"]".repeat(900)}}`,
      /more than 256 levels deep/,
    ],
    ["empty", "", /^the body's op is missing; it takes text that is not empty;/],
    ["without an op", {}, /^the body's op is missing;/],
    ["with an empty op", { op: "" }, /^the body's op takes text that is not empty, not "";/],
    [
      "with an op that is a number",
      { op: 5 },
      /^the body's op takes text that is not empty, not 5;/,
    ],
    [
      "with a key we do not know",
      { op, parms: {} },
      /^the body has no "parms"; did you mean params\?;/,
    ],
    [
      "with a key like none",
      { op, zzz: 1 },
      /no "zzz"; it takes op, params, set, force, label, cwd, session, endsWithSession, submittedFrom, env, secrets, queue, priority, after, afterAny, notBefore, on, tags, ifAbsent;/,
    ],
    ["with a relative cwd", { op, cwd: "here" }, /^the body's cwd must be an absolute path;/],
    [
      "with params that are a list",
      { op, params: [] },
      /^the body's params takes an object, not an empty list;/,
    ],
    [
      "with a long label",
      { op, label: "x".repeat(201) },
      /label takes text of at most 200 characters, not "x/,
    ],
    [
      "with an env that is not text",
      { op, env: { A: 1 } },
      /^the body's env\.A takes text, not 1;/,
    ],
    [
      "with a variable of no name",
      { op, env: { "": "1" } },
      /env\.: the name of a variable must not be empty/,
    ],
    [
      "with words that are no list",
      { op, set: "a=1" },
      /set takes a list in which each item is text, not "a=1";/,
    ],
    [
      "with a word that is none",
      { op, set: ["a=1", 2] },
      /^the body's set\[1\] takes text, not 2;/,
    ],
  ])("%s is refused", async (_what, body, detail) => {
    expectProblem(await post(body), "LIVEOPS_BAD_REQUEST", detail);
    expect(count()).toBe(0);
  });

  test("that is too large is refused", async () => {
    expectProblem(
      await post({ op, params: { a: "x".repeat(MAX_BODY) } }),
      "LIVEOPS_TOO_LARGE",
      /larger than 4194304 bytes/,
    );
    expect(count()).toBe(0);
  });

  test("whose parameters are too large for a record is refused, and no larger one", async () => {
    const text = "\n".repeat((MAX_PARAMS - '{"a":""}'.length) / 2);
    await served.close();
    served = await Served.start(directory(), { maxQueued: 100 });
    expect(expectRecord(await post({ op, params: { a: text } }), 201).params).toEqual({ a: text });
    const { operations } = (await served.inject({ url: "/v1/operations" })).json();
    expect(operations).toMatchObject([{ params: {}, large: ["params"] }]);
    expectProblem(
      await post({ op, params: { a: `${text}x` } }),
      "LIVEOPS_TOO_LARGE",
      /^the parameters have 1048577 bytes as JSON, more than 1048576; .* give the path of the file$/,
    );
    expect(count()).toBe(1);
  });
});

test("what the type does not accept is refused", async () => {
  expectProblem(
    await post({ op, params: { bad: true } }),
    "LIVEOPS_PARAMS_INVALID",
    /bad: it must not be/,
  );
});

test("a type that is not there is refused with the near names", async () => {
  const reply = await post({ op: "load-proces-save" });
  expectProblem(reply, "LIVEOPS_NO_SUCH_TYPE");
  expect(reply.json().nearest).toEqual([op]);
});

test("a full queue refuses, until there is room", async () => {
  const first = expectRecord(await post({ op }), 201);
  for (let n = 0; n < 2; n++) expectRecord(await post({ op }), 201);
  expectProblem(await post({ op }), "LIVEOPS_QUEUE_FULL", /3 operations wait already/);
  await served.inject({ method: "POST", url: `/v1/operations/${first.id}/cancel` });
  expectRecord(await post({ op }), 201);
});

test("submits that come at once do not overfill the queue", async () => {
  const replies = await Promise.all(Array.from({ length: 8 }, () => post({ op })));
  const statuses = replies.map((reply) => reply.statusCode).sort();
  expect(statuses).toEqual([201, 201, 201, 429, 429, 429, 429, 429]);
  expect(count()).toBe(3);
});

describe("with an idempotency key", () => {
  const key = (value: string) => ({ "idempotency-key": value });

  test("the same again is the same operation", async () => {
    const first = expectRecord(await post({ op }, key("k")), 201);
    const second = expectRecord(await post({ op }, key("k")), 200);
    expect(second.id).toBe(first.id);
    expect(count()).toBe(1);
    expect(expectRecord(await post({ op }, key("other")), 201).id).not.toBe(first.id);
  });

  test("another body is refused", async () => {
    expectRecord(await post({ op }, key("k")), 201);
    expectProblem(
      await post({ op, label: "another" }, key("k")),
      "LIVEOPS_KEY_REUSED",
      /use a new key/,
    );
    expect(count()).toBe(1);
  });

  test("the same keys in another order are the same body", async () => {
    const first = expectRecord(await post({ op, params: { a: 1, b: 2 } }, key("k")), 201);
    expect(expectRecord(await post({ params: { b: 2, a: 1 }, op }, key("k")), 200).id).toBe(
      first.id,
    );
  });

  test("twenty at once are one operation", async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => post({ op }, key("k"))));
    const ids = new Set(replies.map((reply) => reply.json().id));
    expect(ids.size).toBe(1);
    expect(replies.map((reply) => reply.statusCode).sort()).toEqual([...Array(19).fill(200), 201]);
    expect(count()).toBe(1);
  });

  test("another body at the same time is refused too", async () => {
    const [first, second] = await Promise.all([
      post({ op }, key("k")),
      post({ op, label: "x" }, key("k")),
    ]);
    expectRecord(first, 201);
    expectProblem(second, "LIVEOPS_KEY_REUSED");
  });

  test("a refused one may be tried again", async () => {
    expectProblem(await post({ op: "nothing" }, key("k")), "LIVEOPS_NO_SUCH_TYPE");
    expectRecord(await post({ op }, key("k")), 201);
  });

  test("two at once that are refused are both told", async () => {
    const both = await Promise.all([
      post({ op: "nothing" }, key("k")),
      post({ op: "nothing" }, key("k")),
    ]);
    for (const reply of both) expectProblem(reply, "LIVEOPS_NO_SUCH_TYPE");
  });

  test.each(["", "x".repeat(256)])("of a wrong length is refused", async (value) => {
    expectProblem(await post({ op }, key(value)), "LIVEOPS_BAD_REQUEST", /1 to 255 characters/);
  });
});

test("a stopping daemon refuses submits", async () => {
  await served.inject({ method: "POST", url: "/v1/daemon/stop" });
  expectProblem(await post({ op }), "LIVEOPS_STOPPING");
  expect(count()).toBe(0);
});

describe("a batch", () => {
  const batch = (n: number) => Array.from({ length: n }, (_, index) => ({ op, params: { index } }));

  test("is recorded together, in its order, and answered with an array", async () => {
    const reply = await post([{ op, label: "first" }, { op: "resumes" }]);
    expect(reply.statusCode).toBe(201);
    const records = reply.json();
    expect(records).toMatchObject([
      { op, label: "first", state: "queued", queuePosition: 1 },
      { op: "resumes", queuePosition: 2 },
    ]);
    expect(records[0].chain.id).toBe(records[0].id);
    expect(served.open.store.find(records[1].id)?.record.op).toBe("resumes");
  });

  test("of which one is refused is not recorded at all", async () => {
    expectProblem(
      await post([{ op }, { op, params: { bad: true } }]),
      "LIVEOPS_PARAMS_INVALID",
      /^batch of 2 rejected: item 2: bad/,
    );
    expectProblem(
      await post([{ op }, { op: "nope" }]),
      "LIVEOPS_NO_SUCH_TYPE",
      /item 2: there is no operation type/,
    );
    expect(count()).toBe(0);
  });

  test("that exceeds the queue is refused as a unit, with the free places", async () => {
    expectProblem(await post(batch(4)), "LIVEOPS_QUEUE_FULL", /maxQueued allows 3/);
    expect(count()).toBe(0);
  });

  test.each([
    ["an empty one", [], /^the body takes a list of 1 to 1000, not an empty list;/],
    ["one with something else in it", [{ op }, 3], /^the body's \[1\] takes an object, not 3;/],
    [
      "one with a field of the wrong kind",
      [{ op, label: 3 }],
      /^the body's \[0\]\.label takes text of at most 200 characters, not 3;/,
    ],
  ])("%s is a bad request that says where", async (_, payload, where) => {
    expectProblem(await post(payload), "LIVEOPS_BAD_REQUEST", where);
    expect(count()).toBe(0);
  });

  test("with a key is submitted once; another use of the key is refused", async () => {
    const headers = { "idempotency-key": "k" };
    const first = await post(batch(2), headers);
    const again = await post(batch(2), headers);
    expect([first.statusCode, again.statusCode]).toEqual([201, 200]);
    expect(again.json().map(({ id }: { id: string }) => id)).toEqual(
      first.json().map(({ id }: { id: string }) => id),
    );
    expect(count()).toBe(2);
    for (const other of [batch(1), batch(3), batch(1)[0]]) {
      expectProblem(await post(other, headers), "LIVEOPS_KEY_REUSED", /"k"/);
    }
    expect(count()).toBe(2);
  });

  test("each of it is answered as it is shown by itself", async () => {
    const given = [
      { op, params: { x: "ü" }, label: "\u0001", cwd: "/tmp" },
      { op: "resumes" },
      { op, params: { x: "ü" } },
    ];
    const records = (await post(given)).json<Operation[]>();
    expect(records).toHaveLength(3);
    for (const record of records) {
      const shown = (await served.inject({ url: `/v1/operations/${record.id}` })).json();
      expect({ ...record, env: [] }).toEqual(shown);
    }
  });

  test("a single submit's key is not a batch's", async () => {
    const headers = { "idempotency-key": "k" };
    await post({ op }, headers);
    expectProblem(await post([{ op }], headers), "LIVEOPS_KEY_REUSED", /"k"/);
  });
});
