/** `POST /v1/operations/:id/again`: a finished operation as a new one. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SubmitBody } from "../../../protocol/requests.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem, expectRecord } from "./replies.js";

const directory = useDirectories();
let served: Served;
beforeEach(async () => {
  served = await Served.start(directory());
});
afterEach(() => served.close());

const op = "load-process-save";
const post = (url: string, payload: unknown, headers: Record<string, string> = {}) =>
  served.inject({ method: "POST", url, headers, payload: JSON.stringify(payload) });
const again = (id: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  post(`/v1/operations/${id}/again`, body, headers);

/** Submits as a client does, runs and finishes. */
async function finished(
  body: Partial<SubmitBody> = {},
  state: "succeeded" | "failed" | "cancelled" = "succeeded",
): Promise<string> {
  const { id } = expectRecord(await post("/v1/operations", { op, ...body }), 201);
  await served.run(id);
  await served.finish(id, state);
  return id;
}

const GIVEN = {
  params: { a: 1 },
  label: "mine",
  cwd: "/tmp",
  env: { LANG: "C" },
};

test("an empty label removes the label", async () => {
  const id = await finished(GIVEN);
  expect(expectRecord(await again(id, { label: "" }), 201).label).toBeNull();
});

test.each(["succeeded", "failed", "cancelled"] as const)(
  "a %s operation is submitted as a new one, with all that was given, also from the history",
  async (state) => {
    const id = await finished(GIVEN, state);
    const before = served.open.store.find(id)!.record;
    for (const seal of [false, true]) {
      if (seal) await served.open.store.checkpoint();
      const made = expectRecord(await again(id), 201);
      const { env: _, ...same } = GIVEN;
      expect(made).toMatchObject({
        ...same,
        op,
        state: "queued",
        attempt: 0,
        againOf: id,
        chain: { id: made.id, index: 0, previous: null, next: null },
      });
      expect(made.id).not.toBe(id);
      expect(served.open.store.find(made.id)?.env).toEqual(GIVEN.env);
      expect(served.open.store.find(id)!.record).toEqual(before);
    }
  },
);

test("againOf stays with the operation, over a checkpoint and in its events", async () => {
  const id = await finished();
  const made = expectRecord(await again(id), 201);
  await served.run(made.id);
  await served.finish(made.id, "succeeded");
  await served.open.store.checkpoint();
  expect(served.open.store.find(made.id)?.record.againOf).toBe(id);
  const { body } = await served.inject({ method: "GET", url: `/v1/operations/${made.id}/events` });
  expect(JSON.parse(body.split("\n")[0]!).operation.againOf).toBe(id);
});

test("params replace all parameters; words and the label come on top", async () => {
  const id = await finished({ params: { a: 1, b: 2 }, label: "mine" });
  served.loader.prepared.length = 0;
  expectRecord(await again(id, { set: ["a=3"], label: "other" }), 201);
  expect(expectRecord(await again(id, { params: { c: 4 } }), 201)).toMatchObject({
    params: { c: 4 },
    label: "mine",
  });
  expect(served.loader.prepared).toEqual([
    { params: { a: 1, b: 2 }, set: ["a=3"] },
    { params: { c: 4 } },
  ]);
});

describe("with a key", () => {
  const key = { "idempotency-key": "one" };

  test("a repeated request gets the same operation, and another request is refused", async () => {
    const id = await finished({ params: { a: 1 } });
    const other = await finished({ params: { a: 1 } });
    const made = expectRecord(await again(id, {}, key), 201);
    expect(expectRecord(await again(id, {}, key), 200).id).toBe(made.id);
    expectProblem(await again(other, {}, key), "LIVEOPS_KEY_REUSED");
    expectProblem(await again(id, { label: "new" }, key), "LIVEOPS_KEY_REUSED");
  });
});

describe("of a chain", () => {
  async function chain(): Promise<{ first: string; second: string }> {
    const first = expectRecord(
      await post("/v1/operations", { op, params: { link: 1 }, env: { A: "1" } }),
      201,
    ).id;
    await served.run(first);
    const second = "second000000";
    const place = { id: first, index: 1, previous: first, next: null };
    const next = {
      id: second,
      op,
      title: "B",
      label: null,
      cwd: "/",
      params: { link: 2 },
      stages: [],
      chain: place,
    };
    await served.finish(first, "succeeded", next);
    return { first, second };
  }

  test("an operation of a chain runs again by itself", async () => {
    const { second } = await chain();
    await served.run(second);
    await served.finish(second, "failed");
    const alone = expectRecord(await again(second), 201);
    expect(alone).toMatchObject({
      params: { link: 2 },
      againOf: second,
      chain: { id: alone.id, index: 0 },
    });
    expect(served.open.store.find(alone.id)?.env).toEqual({ A: "1" });
  });
});

describe("refused is", () => {
  test("an operation that is not finished, with what to do", async () => {
    const id = await served.submit();
    expectProblem(
      await again(id),
      "LIVEOPS_WRONG_STATE",
      RegExp(`cannot be run again: it is queued; .*liveops wait ${id}, .*liveops cancel ${id}$`),
    );
    await served.run(id);
    expectProblem(await again(id), "LIVEOPS_WRONG_STATE", /it is running;/);
  });

  test("a type that no file defines now, with near names", async () => {
    const id = await served.finished("succeeded", { op: "resume" });
    const reply = await again(id);
    expectProblem(reply, "LIVEOPS_NO_SUCH_TYPE", /did you mean resumes\?/);
    expect(reply.json().nearest).toEqual(["resumes"]);
  });

  test("parameters that the type does not accept", async () => {
    expectProblem(
      await again(await finished(), { params: { bad: true } }),
      "LIVEOPS_PARAMS_INVALID",
    );
  });

  test.each([
    [{ param: {} }, /^the body has no "param"; did you mean params\?/],
    [{ set: "a=1" }, /^the body's set takes a list/],
    [{ label: "x".repeat(201) }, /^the body's label takes text of at most 200/],
  ])("the body %j", async (body, detail) => {
    expectProblem(await again(await finished(), body), "LIVEOPS_BAD_REQUEST", detail);
  });

  test("a daemon that stops", async () => {
    const id = await finished();
    served.context.stopping.begun = true;
    expectProblem(await again(id), "LIVEOPS_STOPPING");
  });
});

test("a retry of a succeeded operation says how to run it again", async () => {
  const id = await finished();
  const reply = await post(`/v1/operations/${id}/retry`, {});
  expectProblem(
    reply,
    "LIVEOPS_WRONG_STATE",
    RegExp(`it has succeeded; run it again with: liveops again ${id}$`),
  );
});
