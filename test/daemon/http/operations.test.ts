/**
 * The routes of stored operations: list, show, log, cancel, retry, remove; types, history, the
 * daemon.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod/mini";
import { newId } from "../../../protocol/id.js";
import {
  daemonReply,
  forecastReply,
  historyReply,
  type LogPage,
  logPage,
  type OperationPage,
  operationPage,
  stopReply,
  typesReply,
} from "../../../protocol/replies.js";
import { ROUTES } from "../../../protocol/routes.js";
import { VERSION } from "../../../protocol/version.js";
import { submission } from "../../harness/records.js";
import { Served } from "../../harness/served.js";
import { outcome } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";
import { expectProblem, expectRecord } from "./replies.js";

const directory = useDirectories();
let served: Served;
beforeEach(async () => {
  served = await Served.start(directory());
});
afterEach(() => served.close());

const get = (url: string, headers: Record<string, string> = {}) =>
  served.inject({ method: "GET", url, headers });
const post = (url: string, payload?: unknown) =>
  served.inject({
    method: "POST",
    url,
    ...(payload !== undefined && { payload: JSON.stringify(payload) }),
  });

describe("list", () => {
  const page = async (query: string): Promise<OperationPage> => {
    const reply = await get(`/v1/operations?${query}`);
    expect(reply.statusCode).toBe(200);
    return z.strictObject(operationPage.shape).parse(reply.json());
  };
  const ids = async (query: string) => (await page(query)).operations.map(({ id }) => id);

  test("lists the oldest first, and leads back from a page in the other order", async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n++) made.push(await served.finished("succeeded"));
    await served.open.store.checkpoint();
    for (let n = 0; n < 3; n++) made.push(await served.submit());
    const first = await page("order=oldest&limit=3");
    expect(first.operations.map(({ id }) => id)).toEqual(made.slice(0, 3));
    const second = await page(`order=oldest&limit=3&before=${first.next}`);
    expect(second.operations.map(({ id }) => id)).toEqual(made.slice(3, 6));
    expect(await ids(`order=newest&limit=9&before=${second.previous}`)).toEqual(
      made.slice(0, 3).reverse(),
    );
    const last = await page(`order=oldest&limit=3&before=${second.next}`);
    expect(last).toMatchObject({ next: null, total: 8 });
    expect(last.operations.map(({ id }) => id)).toEqual(made.slice(6));
    expect((await page("op=nosuch")).previous).toBeNull();
    expect((await get("/v1/operations?order=best")).statusCode).toBe(400);
  });

  test("filters by state, type, chain and text, and counts what fits", async () => {
    const failed = await served.finished("failed", { op: "a", label: "Nightly run" });
    const queued = await served.submit({ op: "b", title: "Something else" });
    const parent = { id: queued, attempt: 1, stage: null, occurrence: 0, call: 1 };
    const sealed = await served.finished("cancelled", { op: "b", parent });
    await served.open.store.checkpoint();
    expect(await ids("state=failed")).toEqual([failed]);
    expect(await ids("state=queued,cancelled")).toEqual([sealed, queued]);
    expect(await ids("op=b")).toEqual([sealed, queued]);
    expect(await ids(`chain=${failed}`)).toEqual([failed]);
    expect(await ids(`parent=${queued}`)).toEqual([sealed]);
    expect(await ids("parent=none")).toEqual([queued, failed]);
    expect((await page("parent=none&limit=1")).total).toBe(2);
    expect((await page("parent=none&state=failed,cancelled")).total).toBe(1);
    expect((await page("parent=none&op=b")).total).toBe(1);
    expect(await ids("q=NIGHTLY")).toEqual([failed]);
    expect(await ids("q=something%20else")).toEqual([queued]);
    expect(await ids(`q=${sealed.slice(2, 9)}`)).toEqual([sealed]);
    expect(await ids("op=b&state=failed")).toEqual([]);
    expect((await page("op=b&limit=1")).total).toBe(2);
    const since = (at: number) => `limit=0&finishedSince=${new Date(at).toISOString()}`;
    expect((await page(since(Date.now() - 60_000))).total).toBe(2);
    expect((await page(since(Date.now() + 60_000))).total).toBe(0);
  });

  test("lists and counts what finished since an earlier page, sealed or not, after a restart too", async () => {
    await served.finished("failed");
    const late = await served.submit();
    const { cursor } = await page("state=failed&limit=0");
    expect(await page(`state=failed&finishedAfter=${cursor}`)).toMatchObject({
      operations: [],
      total: 0,
    });
    await served.run(late);
    await served.finish(late, "failed");
    await served.finished("succeeded");
    await served.open.store.checkpoint();
    const newest = await served.finished("failed");
    const isSeen = async () => {
      expect(await ids(`state=failed&finishedAfter=${cursor}`)).toEqual([newest, late]);
      expect((await page(`state=failed&finishedAfter=${cursor}&limit=1`)).total).toBe(2);
    };
    await isSeen();
    const { root } = served.open.layout;
    await served.close();
    served = await Served.start(root);
    await isSeen();
    await served.open.lifecycle.retry(late);
    expect(await ids(`finishedAfter=${cursor}&state=failed`)).toEqual([newest]);
    const seen = await page("");
    expect((await page(`finishedAfter=${seen.cursor}`)).total).toBe(0);
  });

  test("shows a queued one with its place", async () => {
    await served.submit();
    await served.submit();
    const { operations } = await page("");
    expect(operations.map(({ queuePosition }) => queuePosition)).toEqual([2, 1]);
  });

  const LIMIT = "the query's limit takes a whole number from 0 to 1000, not";
  test.each([
    ["state=done", /state takes any of queued, running, .*, separated by commas, not "done";/],
    ["limit=-1", RegExp(`^${LIMIT} "-1";`)],
    ["limit=1001", RegExp(`^${LIMIT} "1001";`)],
    ["limit=x", RegExp(`^${LIMIT} "x";`)],
    ["limit=1.5", RegExp(`^${LIMIT} "1.5";`)],
    ["limit=1&limit=2", /^the query's limit is given 2 times; give it once;/],
    ["op=a&op=b&op=c", /^the query's op is given 3 times; give it once;/],
    ["finishedSince=today", /finishedSince/],
    ["before=!", /^the query's before takes the `next` of an earlier page$/],
    ["before=zzzzzzzzzzzzzzzz", /before/],
    ["finishedAfter=-", /^the query's finishedAfter takes the `cursor` of an earlier page$/],
  ])("%s is refused", async (query, detail) => {
    expectProblem(await get(`/v1/operations?${query}`), "LIVEOPS_BAD_REQUEST", detail);
  });

  test.each(["state=", "state=,", "op=", "chain=", "parent=", "q=", "limit=", "before="])(
    "an empty %s is as good as not given",
    async (query) => {
      const made = [await served.submit(), await served.finished("failed")];
      expect(await ids(query)).toEqual(made.reverse());
    },
  );
});

describe("one operation", () => {
  test("is shown by its id and by any prefix of three or more that fits it alone", async () => {
    const id = await served.submit({ id: "abc123def456" });
    await served.submit({ id: "abd000000000" });
    for (const typed of [id, "abc", "abc123"])
      expect(expectRecord(await get(`/v1/operations/${typed}`)).id).toBe(id);
  });

  test("a prefix of several is refused with the candidates", async () => {
    for (const last of ["1", "2"]) await served.submit({ id: `abc00000000${last}` });
    const reply = await get("/v1/operations/abc");
    expectProblem(reply, "LIVEOPS_AMBIGUOUS_ID", /type more characters/);
    expect(reply.json().candidates).toEqual(["abc000000001", "abc000000002"]);
  });

  test("is shown by its label: of several, by that of the only live one", async () => {
    const finished = await served.finished("failed", { label: "my build" });
    const shown = async () => expectRecord(await get("/v1/operations/my%20build")).id;
    expect(await shown()).toBe(finished);
    const live = await served.submit({ label: "my build" });
    expect(await shown()).toBe(live);
    const second = await served.submit({ label: "my build" });
    const reply = await get("/v1/operations/my%20build");
    expectProblem(
      reply,
      "LIVEOPS_AMBIGUOUS_ID",
      /^3 operations have the label "my build"; give an id. liveops ls --label 'my build' lists them$/,
    );
    expect(reply.json().candidates).toEqual([second, live, finished]);
  });

  test("a label that is also the prefix of another id names neither", async () => {
    await served.submit({ id: "abc123def456" });
    const id = await served.submit({ label: "abc" });
    const reply = await get("/v1/operations/abc");
    expectProblem(reply, "LIVEOPS_AMBIGUOUS_ID", /type more characters/);
    expect(reply.json().candidates).toEqual(["abc123def456", id]);
  });

  test("of very many, eight candidates are named", async () => {
    for (let n = 10; n < 30; n++) await served.submit({ id: `abc0000000${n}` });
    const reply = await get("/v1/operations/abc");
    expect(reply.json().candidates).toHaveLength(8);
    expect(reply.json().detail).toContain("and more");
  });

  test.each([
    ["a", /prefix needs 3 characters/],
    ["ab", /prefix needs 3 characters/],
    ["abx", /liveops ls lists them/],
    ["abc123def457", /liveops ls lists them/],
    ["abc123def4567", /liveops ls/],
    ["%25", /prefix/],
    ["ABC", /liveops ls/],
    [`${"x".repeat(400)}`, /liveops ls/],
  ])("%s is none", async (typed, detail) => {
    await served.submit({ id: "abc123def456" });
    for (const path of ["", "/log", "/events"])
      expectProblem(
        await get(`/v1/operations/${typed}${path}`),
        "LIVEOPS_NO_SUCH_OPERATION",
        detail,
      );
    for (const path of ["/cancel", "/retry"])
      expectProblem(await post(`/v1/operations/${typed}${path}`), "LIVEOPS_NO_SUCH_OPERATION");
    const removal = await served.inject({ method: "DELETE", url: `/v1/operations/${typed}` });
    expectProblem(removal, "LIVEOPS_NO_SUCH_OPERATION");
  });
});

test("a record with a value that its schema does not take hides no other record", async () => {
  const [other, id] = [await served.submit(), await served.submit()];
  const sink = await served.run(id);
  // An operation in JavaScript may give any label.
  const progress = {
    done: 1,
    total: 2,
    unit: null,
    label: 5 as unknown as string,
    rate: null,
    etaSeconds: null,
  };
  sink.event({ type: "progress:changed", percent: 50, progress }, true);
  served.read(id);
  // Past `inject`, which checks the schema.
  const shown = (await served.app.inject({ url: `/v1/operations/${id}` })).json();
  expect(shown.progress).toEqual(progress);
  const listed = (await served.app.inject({ url: "/v1/operations" })).json();
  expect(listed.operations.map((record: { id: string }) => record.id)).toEqual([id, other]);
});

describe("cancel", () => {
  test("of a queued one is the end of it", async () => {
    const id = await served.submit();
    expect(expectRecord(await post(`/v1/operations/${id}/cancel`))).toMatchObject({
      state: "cancelled",
    });
    expect(served.context.queue.length).toBe(0);
  });

  test("of a running one is recorded and passed on, twice as once", async () => {
    const id = await served.submit();
    await served.run(id);
    for (const body of [undefined, {}]) {
      const record = expectRecord(await post(`/v1/operations/${id}/cancel`, body));
      expect(record).toMatchObject({ state: "running", cancelRequested: true });
    }
    expect(served.scheduler.stopped).toEqual([id, id]);
    expect(served.open.store.ledger.get(id)?.run?.stopReason).toBe("cancel");
  });

  test("of a finished one is refused", async () => {
    const id = await served.finished("succeeded");
    expectProblem(
      await post(`/v1/operations/${id}/cancel`),
      "LIVEOPS_WRONG_STATE",
      /it has succeeded/,
    );
  });
});

describe("retry", () => {
  test("queues a failed one again", async () => {
    const id = await served.finished("failed");
    const record = expectRecord(await post(`/v1/operations/${id}/retry`));
    expect(record).toMatchObject({ state: "queued", error: null, queuePosition: 1, attempt: 1 });
  });

  test("of one that succeeded says so, also from a stage of a type that cannot resume", async () => {
    const id = await served.finished("succeeded");
    const retry = (body: unknown) => post(`/v1/operations/${id}/retry`, body);
    for (const body of [{}, { from: "Process" }])
      expectProblem(
        await retry(body),
        "LIVEOPS_WRONG_STATE",
        /cannot be retried: it has succeeded; run it again with: liveops again \w+$/,
      );
  });

  test("of a queued one says that it starts, and the next command", async () => {
    await served.run(await served.submit());
    const id = await served.submit();
    expectProblem(
      await post(`/v1/operations/${id}/retry`),
      "LIVEOPS_WRONG_STATE",
      new RegExp(
        `cannot be retried: it is queued already; it starts in its turn: liveops show ${id}$`,
      ),
    );
  });

  test("from a stage is refused of others, and from one that is none", async () => {
    const plain = await served.finished("failed");
    expectProblem(
      await post(`/v1/operations/${plain}/retry`, { from: "Process" }),
      "LIVEOPS_BAD_REQUEST",
      /not resumable/,
    );
    const resumable = await served.finished("failed", { op: "resumes" });
    expectProblem(
      await post(`/v1/operations/${resumable}/retry`, { from: "Proces" }),
      "LIVEOPS_BAD_REQUEST",
      /did you mean Process\? Its stages: Load, Process, Save/,
    );
  });

  test.each([
    ["retry", "null", /^the body takes a JSON object, not null;/],
    ["cancel", "[]", /^the body takes a JSON object, not an empty list;/],
    ["cancel", '{"now": true}', /^the body has no "now"; it takes none;/],
  ])("%s with the body %s is refused", async (what, payload, detail) => {
    const url = `/v1/operations/${await served.finished("failed")}/${what}`;
    expectProblem(
      await served.inject({ method: "POST", url, payload }),
      "LIVEOPS_BAD_REQUEST",
      detail,
    );
  });
});

describe("remove", () => {
  const remove = (id: string) => served.inject({ method: "DELETE", url: `/v1/operations/${id}` });

  test("takes a finished one away and answers with what it was", async () => {
    const id = await served.finished("failed");
    expect(expectRecord(await remove(id))).toMatchObject({ id, state: "failed" });
    expectProblem(await get(`/v1/operations/${id}`), "LIVEOPS_NO_SUCH_OPERATION");
    expectProblem(await remove(id), "LIVEOPS_NO_SUCH_OPERATION");
  });

  test("cancels a queued one and takes it away in one step", async () => {
    const id = await served.submit();
    expect(expectRecord(await remove(id))).toMatchObject({
      id,
      state: "cancelled",
      cancelRequested: true,
    });
    expectProblem(await get(`/v1/operations/${id}`), "LIVEOPS_NO_SUCH_OPERATION");
    expect(expectRecord(await remove(await served.submit()))).toMatchObject({ state: "cancelled" });
    expect(served.open.store.counts()).toMatchObject({ queued: 0, cancelled: 0 });
  });

  test("of a running one is refused, with the command to type first", async () => {
    const id = await served.submit();
    await served.run(id);
    expectProblem(
      await remove(id),
      "LIVEOPS_WRONG_STATE",
      new RegExp(`cancel it first: liveops cancel ${id}`),
    );
  });
});

describe("log", () => {
  async function logged(count: number): Promise<string> {
    const id = await served.submit();
    const sink = await served.run(id);
    for (let n = 1; n <= count; n++)
      sink.line(n % 2 ? "log" : "stdout", n % 3 ? null : "Load", `line ${n} of ${count}`);
    served.read(id);
    return id;
  }
  const page = async (id: string, query = ""): Promise<LogPage> => {
    const reply = await get(`/v1/operations/${id}/log?${query}`);
    expect(reply.statusCode).toBe(200);
    return z.strictObject(logPage.shape).parse(reply.json());
  };
  const numbers = async (id: string, query: string) =>
    (await page(id, query)).lines.map(({ n }) => n);

  test("pages backwards from the end to the beginning", async () => {
    const id = await logged(7);
    const seen: number[] = [];
    let query = "tail=3&limit=3";
    for (;;) {
      const { lines, next } = await page(id, query);
      seen.unshift(...lines.map(({ n }) => n));
      if (next === null) break;
      query = `before=${next}&limit=3`;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("filters by text, stage and stream", async () => {
    const id = await logged(9);
    expect(await numbers(id, "match=LINE%207")).toEqual([7]);
    expect(await numbers(id, "stage=Load")).toEqual([3, 6, 9]);
    expect(await numbers(id, "stream=stdout")).toEqual([2, 4, 6, 8]);
    expect(await numbers(id, "stream=stdout&tail=2")).toEqual([6, 8]);
  });

  test("is plain text where that is asked for", async () => {
    const id = await logged(1001);
    const text = (query: string) =>
      get(`/v1/operations/${id}/log?${query}`, { accept: "text/plain" });
    const whole = await text("");
    expect(whole.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(whole.body.split("\n")).toHaveLength(1002);
    expect((await text("after=999")).body).toBe("line 1000 of 1001\nline 1001 of 1001\n");
    expect((await text("limit=1")).body).toBe("line 1 of 1001\n");
    expect((await text("tail=1")).body).toBe("line 1001 of 1001\n");
  });

  test("a search through a long log delays no request, and resumes where it stopped", async () => {
    const id = await served.submit();
    const sink = await served.run(id);
    const count = 10_000;
    for (let n = 1; n <= count; n++) sink.line("log", null, `line ${n} ${"x".repeat(1000)}`);
    served.read(id);
    const client = await served.listen();
    const answered: string[] = [];
    const search = client.log(id, { match: "nowhere" }).then((page) => {
      answered.push("the search");
      return page;
    });
    for (const who of ["first", "second", "third"]) {
      await client.daemon();
      answered.push(who);
    }
    const { lines, next, total } = await search;
    expect(answered).toEqual(["first", "second", "third", "the search"]);
    expect(lines).toEqual([]);
    expect(total).toBe(count);
    expect(next).toBeLessThan(count);
    const found: number[] = [];
    for await (const page of client.logPages(id, { after: 0, match: `line ${count} ` }))
      found.push(...page.lines.map(({ n }) => n));
    for await (const page of client.logPages(id, { tail: 1, match: "line 1 " }))
      found.push(...page.lines.map(({ n }) => n));
    expect(found).toEqual([count, 1]);
    // Text has no place to say where to go on.
    let text = "";
    for await (const piece of client.logText(id, { match: `line ${count} ` })) text += piece;
    expect(text).toMatch(/^line 10000 x+\n$/);
  });

  test.each(["tail=0", "limit=0", "before=2&limit=0", "tail=0&stream=log"])(
    "%s has no lines, and the total",
    async (query) => {
      expect(await page(await logged(3), query)).toEqual({ lines: [], next: null, total: 3 });
    },
  );

  test("an empty value counts as absent", async () => {
    expect((await page(await logged(3), "tail=&stage=&stream=&match=")).lines).toHaveLength(3);
  });

  test.each(["after=1&before=3", "after=-1", "before=0", "tail=x", "limit=10001", "stream=stdin"])(
    "%s is refused",
    async (query) => {
      expectProblem(
        await get(`/v1/operations/${await logged(1)}/log?${query}`),
        "LIVEOPS_BAD_REQUEST",
      );
    },
  );
});

describe("types and history", () => {
  test("the types, and what does not load", async () => {
    const reply = z.strictObject(typesReply.shape).parse((await get("/v1/ops")).json());
    expect(reply.ops.map(({ op }) => op)).toEqual(["load-process-save", "resumes"]);
    expect(reply.errors).toEqual([{ file: "/ops/broken.ts", message: "it broke" }]);
  });

  test("how long succeeded runs took, whole and by stage; failed ones do not count", async () => {
    for (const state of ["succeeded", "failed"] as const) {
      const id = await served.submit();
      const sink = await served.run(id);
      sink.event({ type: "stage:entered", stage: "Load", index: 0 }, true);
      const left = { stage: "Load", index: 0, state: "done", resumed: false, seconds: 2 } as const;
      sink.event({ type: "stage:left", ...left }, true);
      // A stage that every run skipped takes no time; an allowed failure took not the time of a
      // whole run.
      for (const [index, state] of (["skipped", "allowed-failure"] as const).entries()) {
        const stage = ["Process", "Save"][index]!;
        sink.event({ type: "stage:entered", stage, index: index + 1 }, true);
        sink.event(
          { type: "stage:left", stage, index: index + 1, state, resumed: false, seconds: 0 },
          true,
        );
      }
      sink.event({ type: "attempt:finished", seconds: 3, ...outcome(state) }, true);
      await served.finish(id, state);
    }
    const reply = z
      .strictObject(historyReply.shape)
      .parse((await get("/v1/ops/load-process-save/history")).json());
    expect(reply).toMatchObject({ op: "load-process-save", runs: 1 });
    expect(reply.stages).toEqual({
      Load: { runs: 1, p50: 2, p90: 2 },
      Process: { runs: 1, p50: 0, p90: 0 },
    });
    expect(reply.seconds?.p50).toBe(3);
    expect(reply.recent).toMatchObject([
      { state: "failed", seconds: 3 },
      { state: "succeeded", seconds: 3 },
    ]);
  });

  test("how long the runs with the same history key took, in memory and in the sealed history", async () => {
    for (const [historyKey, seconds] of [
      ["make", 100],
      ["true", 1],
      ["true", 2],
      [undefined, 50],
    ] as const) {
      const id = await served.submit(historyKey === undefined ? {} : { historyKey });
      const sink = await served.run(id);
      sink.event({ type: "attempt:finished", seconds, ...outcome("succeeded") }, true);
      await served.finish(id, "succeeded");
    }
    const seen = async (query: string) => {
      const { runs, seconds } = (await get(`/v1/ops/load-process-save/history${query}`)).json();
      return [runs, seconds?.p90];
    };
    for (const where of ["memory", "history"]) {
      expect(await seen("?key=true"), where).toEqual([2, 2]);
      expect(await seen("?key=make"), where).toEqual([1, 100]);
      expect(await seen("?key=other"), where).toEqual([0, undefined]);
      expect(await seen(""), where).toEqual([4, 100]);
      await served.open.store.checkpoint();
    }
    const [newest] = (await get("/v1/operations?limit=3")).json().operations.slice(2);
    expect(newest.historyKey).toBe("true");
  });

  test("the types that follow in a chain, most frequent first", async () => {
    for (const op of ["often", "seldom", "often"]) {
      const id = await served.submit({ op: "first" });
      await served.run(id);
      const next = submission({ id: newId(), op, title: `Title of ${op}` });
      await served.finish(id, "succeeded", next);
    }
    const { next } = historyReply.parse((await get("/v1/ops/first/history")).json());
    expect(next).toEqual([
      { op: "often", title: "Title of often", runs: 2 },
      { op: "seldom", title: "Title of seldom", runs: 1 },
    ]);
  });

  const NONE = { runs: 0, finished: 0, seconds: null, stages: {}, recent: [], next: [] };

  test("of a type that never ran", async () => {
    const reply = await get("/v1/ops/resumes/history");
    expect(historyReply.parse(reply.json())).toEqual({ op: "resumes", ...NONE });
  });

  test("of a type that is not loaded any more, and has operations", async () => {
    const id = await served.finished("failed", { op: "was-there" });
    await served.open.store.checkpoint();
    const reply = await get("/v1/ops/was-there/history");
    const recent = [expect.objectContaining({ id, state: "failed" })];
    expect(historyReply.parse(reply.json())).toEqual({
      op: "was-there",
      ...NONE,
      finished: 1,
      recent,
    });
  });

  test("of an unknown type", async () => {
    const reply = await get("/v1/ops/resume/history");
    expectProblem(
      reply,
      "LIVEOPS_NO_SUCH_TYPE",
      /no operation type "resume" .*did you mean resumes\?$/,
    );
    expect(reply.json().nearest).toEqual(["resumes"]);
    const far = await get("/v1/ops/zzz/history");
    expectProblem(far, "LIVEOPS_NO_SUCH_TYPE", /the types are load-process-save, resumes$/);
  });
});

describe("the forecast", () => {
  const forecast = async () =>
    z.strictObject(forecastReply.shape).parse((await get("/v1/forecast")).json());

  const earlier = async (op: string, params: Record<string, unknown>, seconds: number) => {
    const id = await served.submit({ op, params });
    (await served.run(id)).event(
      { type: "attempt:finished", seconds, ...outcome("succeeded") },
      true,
    );
    await served.finish(id, "succeeded");
  };

  test("of two slots, by the medians of the types", async () => {
    for (const seconds of [4, 6, 8]) {
      const id = await served.submit({ op: "known" });
      (await served.run(id)).event(
        { type: "attempt:finished", seconds, ...outcome("succeeded") },
        true,
      );
      await served.finish(id, "succeeded");
    }
    const running = await served.submit({ op: "known" });
    await served.run(running);
    const queued: string[] = [];
    for (let n = 0; n < 3; n++) queued.push(await served.submit({ op: "known" }));
    const { at, emptyAt, operations } = await forecast();
    const record = (await get(`/v1/operations/${running}`)).json();
    const after = (id: string, key: "startsAt" | "endsAt") =>
      Date.parse(operations[id]![key]!) - Date.parse(at);
    expect(operations[running]).toEqual({
      startsAt: record.startedAt,
      endsAt: new Date(Date.parse(record.startedAt) + 6000).toISOString(),
      margin: 2,
      runs: 3,
    });
    expect([after(queued[0]!, "startsAt"), after(queued[0]!, "endsAt")]).toEqual([0, 6000]);
    expect(operations[queued[1]!]!.startsAt).toBe(operations[running]!.endsAt);
    expect(after(queued[2]!, "startsAt")).toBe(6000);
    expect(emptyAt).toBe(operations[queued[2]!]!.startsAt);
  });

  test("of a queue that is longer than what is simulated, at the pace of its first operations", async () => {
    for (const seconds of [6, 6]) await earlier("known", {}, seconds);
    const ids = Array.from({ length: 1500 }, () => newId());
    const submits = ids.map((id) => ({
      operation: submission({ id, op: "known" }),
      env: {},
      key: null,
    }));
    await served.open.lifecycle.submit(submits);
    const { at, emptyAt, operations } = await forecast();
    // Two slots: the operation with number 1,000 starts after 499 pairs.
    expect(Date.parse(emptyAt!) - Date.parse(at)).toBe(499 * 6000 * 1.5);
    expect(Object.keys(operations).sort()).toEqual(ids.slice(0, 500).sort());
  });

  test("of an operation with a history key, by the runs with this key", async () => {
    for (const [historyKey, seconds] of [
      ["make", 100],
      ["make", 100],
      ["true", 1],
      ["true", 1],
    ] as const) {
      const id = await served.submit({ op: "keyed", historyKey });
      (await served.run(id)).event(
        { type: "attempt:finished", seconds, ...outcome("succeeded") },
        true,
      );
      await served.finish(id, "succeeded");
    }
    const known = await served.submit({ op: "keyed", historyKey: "true" });
    const other = await served.submit({ op: "keyed", historyKey: "ls" });
    const { operations } = await forecast();
    const { startsAt, endsAt } = operations[known]!;
    expect(Date.parse(endsAt!) - Date.parse(startsAt!)).toBe(1000);
    expect(operations[other]!.endsAt).toBeNull();
  });

  test("by the runs with the same parameters, if there are two", async () => {
    for (const seconds of [2, 2, 2]) await earlier("rows", { count: 20 }, seconds);
    for (const seconds of [60, 60]) await earlier("rows", { count: 200 }, seconds);
    const { byParams } = historyReply.parse((await get("/v1/ops/rows/history")).json());
    expect(byParams?.map(({ runs, seconds }) => [runs, seconds!.p50])).toEqual([
      [2, 60],
      [3, 2],
    ]);
    const counts = [20, 200];
    const ids = await Promise.all(
      counts.map((count) => served.submit({ op: "rows", params: { count } })),
    );
    const { operations } = await forecast();
    const lengths = ids.map((id) => {
      const { startsAt, endsAt } = operations[id]!;
      return Date.parse(endsAt!) - Date.parse(startsAt!);
    });
    expect(lengths).toEqual([2000, 60_000]);
  });

  test("of what starts at a later time apart, and of a queue behind an operation that is late: nothing", async () => {
    for (const seconds of [0.01, 0.01]) await earlier("known", {}, seconds);
    const later = "2099-01-02T03:04:05.000Z";
    await served.submit({ op: "known", notBefore: later });
    const { emptyAt, delayed } = await forecast();
    expect({ emptyAt, delayed }).toEqual({
      emptyAt: null,
      delayed: { operations: 1, startsAt: later },
    });
    const running = [await served.submit({ op: "known" }), await served.submit({ op: "known" })];
    for (const id of running) await served.run(id);
    const queued = await served.submit({ op: "known" });
    const isLate = async () =>
      expect((await forecast()).operations[running[1]!]).toMatchObject({ late: true });
    await vi.waitFor(isLate, 60_000);
    const late = await forecast();
    expect(late.operations[running[0]!]).toMatchObject({ endsAt: null, late: true });
    expect([late.emptyAt, late.operations[queued]!.startsAt]).toEqual([null, null]);
  });

  test("of nothing, and of a type that never succeeded", async () => {
    expect(await forecast()).toMatchObject({ emptyAt: null, operations: {} });
    const ids = [await served.submit(), await served.submit(), await served.submit()];
    const { at, emptyAt, operations } = await forecast();
    expect(emptyAt).toBeNull();
    expect(ids.map((id) => operations[id])).toEqual([
      { startsAt: at, endsAt: null },
      { startsAt: at, endsAt: null },
      { startsAt: null, endsAt: null },
    ]);
  });
});

describe("the daemon", () => {
  test("says what it is", async () => {
    await served.submit();
    const reply = z.strictObject(daemonReply.shape).parse((await get("/v1/daemon")).json());
    expect(reply).toMatchObject({
      version: VERSION,
      pid: process.pid,
      storeFull: false,
      problems: [],
    });
    expect(reply.counts).toEqual({
      queued: 1,
      running: 0,
      toAnswer: 0,
      succeeded: 0,
      failed: 0,
      cancelled: 0,
    });
  });

  test.each([undefined, {}, { now: true }])("stop %j answers, then ends it", async (body) => {
    const reply = await post("/v1/daemon/stop", body);
    expect(z.strictObject(stopReply.shape).parse(reply.json())).toEqual({
      running: 0,
      cancelled: 0,
    });
    await served.ended.promise;
    expect(served.context.stopping.begun).toBe(true);
  });

  test("stop with something else is refused, and does not end it", async () => {
    expectProblem(await post("/v1/daemon/stop", { now: "yes" }), "LIVEOPS_BAD_REQUEST");
    expect(served.context.stopping.begun).toBe(false);
  });
});

describe("every route", () => {
  const urls = Object.values(ROUTES).map((route) => ({
    method: route.method,
    url: route.path.replace(":id", "abcabcabcabc").replace(":op", "x"),
  }));

  test.each(urls.filter(({ url }) => !url.startsWith("/v1/daemon")))(
    "$method $url refuses another version",
    async (request) => {
      const reply = await served.inject({ ...request, headers: { "liveops-version": "999.0.0" } });
      expectProblem(reply, "LIVEOPS_VERSION", /the client is 999\.0\.0; run liveops restart/);
    },
  );

  test("the daemon's own answers to any version, so that it can be stopped", async () => {
    const headers = { "liveops-version": "999.0.0" };
    expect((await get("/v1/daemon", headers)).statusCode).toBe(200);
    const stop = await served.inject({ method: "POST", url: "/v1/daemon/stop", headers });
    expect(stop.statusCode).toBe(200);
  });

  test("a patch release of ours is the same version", async () => {
    const headers = { "liveops-version": VERSION.replace(/\d+$/, "999") };
    expect((await get("/v1/operations", headers)).statusCode).toBe(200);
  });

  test.each([
    ["GET", "/"],
    ["GET", "/v1"],
    ["GET", "/v2/operations"],
    ["GET", "/v1/operations/abc/nothing"],
    ["POST", "/nothing"],
  ] as const)("%s %s is no route", async (method, url) => {
    expectProblem(
      await served.inject({ method, url }),
      "LIVEOPS_NO_SUCH_ROUTE",
      /docs\/protocol\.md lists/,
    );
  });

  test.each([
    ["PUT", "/v1/operations", "POST, GET, HEAD"],
    ["DELETE", "/v1/operations?state=failed", "POST, GET, HEAD"],
    ["POST", "/v1/watch", "GET, HEAD"],
    ["PUT", "/v1/operations/abc", "GET, HEAD, PATCH, DELETE"],
    ["GET", "/v1/operations/abc/cancel", "POST"],
    ["OPTIONS", "/v1/daemon/stop", "POST"],
    ["DELETE", "/metrics", "GET, HEAD"],
  ] as const)(
    "%s %s is the wrong method; Allow names the right ones",
    async (method, url, allow) => {
      const reply = await served.inject({ method, url });
      expectProblem(
        reply,
        "LIVEOPS_METHOD_NOT_ALLOWED",
        RegExp(`does not take ${method}; it takes ${allow};`),
      );
      expect(reply.headers.allow).toBe(allow);
    },
  );

  test("a path that is no URL is a bad request", async () => {
    expectProblem(await get("/v1/operations/%E0%A4%A"), "LIVEOPS_BAD_REQUEST");
  });
});
