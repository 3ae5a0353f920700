import { readFileSync } from "node:fs";
import { LiveOperation, OperationCancelled, type Params, type Progress, z } from "liveops";
import { expect, it } from "vitest";
import { runAttempt } from "../../../ops/attempt/run-attempt.js";
import { Pipeline } from "../../../ops/pipeline.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import { ArraySink, anOrder, TestStop } from "./array-sink.js";

/** Runs a type with this body and the stages Load, Save. */
function opOf(
  run: (p: Progress, op: LiveOperation) => unknown,
  statics: object = {},
): OperationCtor {
  class Test extends LiveOperation {
    static stages: readonly string[] = ["Load", "Save"];
    override run(p: Progress): Promise<void> | void {
      return run(p, this) as Promise<void> | void;
    }
  }
  return Object.assign(Test, statics);
}

async function attempt(
  run: (p: Progress, op: LiveOperation) => unknown,
  { statics = {}, order = {}, stop = new TestStop(), sink = new ArraySink() } = {},
) {
  const outcome = await runAttempt(
    opOf(run, statics),
    anOrder({ stages: ["Load", "Save"], ...order }),
    sink,
    stop,
    null,
  );
  return { outcome, sink, stop };
}

it("emits durable events before and after each stage, and no others", async () => {
  const { outcome, sink } = await attempt(async (p) => {
    const rows = await p.stage("Load", () => {
      p.log("inside");
      return Promise.resolve([1, 2]);
    });
    await p.stage("Save", () => p.log(`${rows.length} rows`));
  });
  expect(outcome).toEqual({ state: "succeeded", result: null, error: null, next: null });
  expect(sink.all).toEqual([
    "stage:entered",
    "inside",
    "stage:left",
    "stage:entered",
    "2 rows",
    "stage:left",
  ]);
  expect(sink.events.every((event) => event.durable)).toBe(true);
  expect(sink.of("stage:left").map(({ stage, index, state }) => [stage, index, state])).toEqual([
    ["Load", 0, "done"],
    ["Save", 1, "done"],
  ]);
  expect(sink.lines.map(({ stage }) => stage)).toEqual(["Load", "Save"]);
});

it("gives id, params, label, attempt and fence to field initialisers", async () => {
  class Fields extends LiveOperation<typeof Fields> {
    static params = z.object({ n: z.number().default(7) });
    seen = [this.id, this.params.n, this.label, this.attempt, this.fence];
    run(p: Progress<Fields>) {
      p.result(this.seen);
    }
  }
  const order = anOrder({ op: "fields", title: "Fields", label: "mine", attempt: 3 });
  const outcome = await runAttempt(Fields, order, new ArraySink(), new TestStop(), null);
  expect(outcome.result).toEqual(["abc123def456", 7, "mine", 3, null]);
  const inFleet = await runAttempt(
    Fields,
    { ...order, fields: { fence: 5 } },
    new ArraySink(),
    new TestStop(),
    null,
  );
  expect(inFleet.result).toEqual(["abc123def456", 7, "mine", 3, 5]);
  expect(() => new Fields()).toThrow("only liveops creates instances of Fields");
});

it("emits the declared stages where they differ from the order", async () => {
  class Parts extends LiveOperation<typeof Parts> {
    static params = z.object({ parts: z.array(z.string()).default(["a"]) });
    static stages = ({ parts }: Params<typeof Parts>) => ["Open", ...parts];
    async run(p: Progress<Parts>) {
      await p.stage("a", () => {});
    }
  }
  const run = async (stages: string[]) => {
    const sink = new ArraySink();
    await runAttempt(Parts, anOrder({ title: "Parts", stages }), sink, new TestStop(), null);
    return sink.of("stages:declared").map(({ stages }) => stages);
  };
  expect(await run(["Open", "a"])).toEqual([]);
  expect(await run(["Open"])).toEqual([["Open", "a"]]);
});

it.each([
  ["an exception", () => Promise.reject(new Error("boom")), "failed", "LIVEOPS_EXCEPTION", "boom"],
  ["a thrown text", () => Promise.reject("text"), "failed", "LIVEOPS_EXCEPTION", 'threw "text"'],
  [
    "OperationCancelled",
    () => Promise.reject(new OperationCancelled()),
    "cancelled",
    undefined,
    undefined,
  ],
] as const)(
  "%s in a stage ends the stage and the attempt alike",
  async (_, block, state, code, message) => {
    const { outcome, sink } = await attempt((p) => p.stage("Load", block));
    expect(sink.of("stage:left")[0]?.state).toBe(state);
    expect(outcome.state).toBe(state);
    expect(outcome.error?.code).toBe(code);
    expect(outcome.error?.message).toBe(message);
  },
);

it("begins a message with its first line that is not blank", async () => {
  const cause = new Error("\n\nno such user\n  id 7");
  const { outcome } = await attempt(() =>
    Promise.reject(new Error("\n \n  Invalid call:\n  at id", { cause })),
  );
  expect(outcome.error).toMatchObject({
    message: "Invalid call:\n  at id",
    causes: [{ message: "Error: no such user\n  id 7" }],
  });
  expect((await attempt(() => Promise.reject(new TypeError("\n")))).outcome.error?.message).toBe(
    "TypeError",
  );
});

it("keeps the whole chain of causes, and the errors of an AggregateError", async () => {
  const causesOf = async (thrown: unknown) => {
    const { outcome } = await attempt(() => Promise.reject(thrown));
    return outcome.error?.causes?.map(({ depth, message }) => [depth, message]);
  };
  const disk = new Error("disk", { cause: "no text" });
  const many = new AggregateError(
    [new TypeError("first"), new Error("second", { cause: disk })],
    "many",
  );
  expect(await causesOf(new Error("top", { cause: new Error("middle", { cause: many }) }))).toEqual(
    [
      [0, "Error: middle"],
      [1, "AggregateError: many"],
      [2, "TypeError: first"],
      [2, "Error: second"],
      [3, "Error: disk"],
      [4, "no text"],
    ],
  );
  expect(await causesOf(new Error("alone"))).toBeUndefined();
  expect(await causesOf(new Error("top", { cause: { status: 503 } }))).toEqual([
    [0, "{ status: 503 }"],
  ]);
  const circle = new Error("circle");
  circle.cause = new Error("back", { cause: circle });
  expect(await causesOf(circle)).toEqual([[0, "Error: back"]]);
  const deep = Array.from({ length: 100 }).reduce<Error>(
    (cause, _, index) => new Error(`error ${index}`, { cause }),
    new Error("end"),
  );
  expect(await causesOf(deep)).toHaveLength(16);
  expect(
    await causesOf(new AggregateError(Array.from({ length: 100 }, (_, n) => new Error(`${n}`)))),
  ).toHaveLength(32);
  const { outcome } = await attempt(() =>
    Promise.reject(new Error("x", { cause: new Error("y".repeat(1e6)) })),
  );
  expect(JSON.stringify(outcome.error).length).toBeLessThan(20_000);
});

it("keeps the author's frames in the stack and cuts ours", async () => {
  const { outcome } = await attempt((p) =>
    p.stage("Load", function authorsBlock() {
      throw new Error("boom", { cause: new Error("deeper") });
    }),
  );
  expect(outcome.error?.stack).toContain("authorsBlock");
  expect(outcome.error?.stack).not.toContain("deeper");
  const [cause] = outcome.error?.causes ?? [];
  expect(cause).toMatchObject({ depth: 0, message: "Error: deeper" });
  expect(cause?.stack).toContain("authorsBlock");
  expect(outcome.error?.stack).not.toMatch(/ops\/api\/(stages|run-attempt)\.ts/);
  expect(outcome.error?.stack).not.toContain("node:internal");
});

it("keeps no frame without a file where the author has none", async () => {
  const error = new Error("boom");
  error.stack = "Error: boom\n    at Array.map (<anonymous>)\n    at async Promise.all (index 1)";
  const { outcome } = await attempt(() => Promise.reject(error));
  expect(outcome.error?.stack).not.toMatch(/^ +at /m);
});

it("runs a name that is not declared, untracked, and names the near one once", async () => {
  const { sink } = await attempt(async (p) => {
    await p.stage("Laod", () => p.log("runs"));
    await p.stage("Laod", () => {});
    await p.stage("Something else", () => {});
    await p.untracked("Sav", () => {});
  });
  expect(sink.of("stage:entered").map(({ stage, index }) => [stage, index])).toEqual([
    ["Laod", null],
    ["Laod", null],
    ["Something else", null],
    ["Sav", null],
  ]);
  expect(sink.lines).toEqual([
    {
      stream: "liveops",
      stage: null,
      text: '"Laod" is not one of the stages and runs untracked. Did you mean "Load"?',
    },
    { stream: "log", stage: "Laod", text: "runs" },
  ]);
});

it.each([
  [
    "run returns with a stage active",
    (p: Progress) => {
      void p.stage("Load", () => new Promise(() => {}));
    },
  ],
  [
    "a second stage begins while one is active",
    async (p: Progress) => {
      void p.stage("Load", () => new Promise(() => {}));
      await p.stage("Save", () => {});
    },
  ],
  [
    "both were forgotten",
    (p: Progress) => {
      void p.stage("Load", () => new Promise(() => {}));
      void p.stage("Save", () => {});
    },
  ],
  ["stages are nested", (p: Progress) => p.stage("Load", () => p.stage("Save", () => {}))],
  [
    "it was caught",
    async (p: Progress) => {
      await p.stage("Load", () => p.stage("Save", () => {}).catch(() => {}));
      p.result(1);
    },
  ],
])("fails with LIVEOPS_STAGE_ACTIVE when %s", async (_, run) => {
  const { outcome } = await attempt(run);
  expect(outcome.error?.code).toBe("LIVEOPS_STAGE_ACTIVE");
  expect(outcome.error?.message).toMatch(/await p\.stage\("Load"/);
});

it("aborts a stage that still runs, and drops its later events", async () => {
  const stopped = Promise.withResolvers<unknown>();
  const { sink } = await attempt((p) => {
    void p.stage(
      "Load",
      () =>
        new Promise((_, reject) =>
          p.signal.addEventListener("abort", () => reject(p.signal.reason)),
        ),
    );
    p.signal.addEventListener("abort", () => {
      p.log("too late");
      stopped.resolve(p.signal.reason);
    });
  });
  expect(await stopped.promise).toBeInstanceOf(OperationCancelled);
  expect(sink.of("stage:left")).toEqual([]);
});

/** The calls, each on a line of its own. */
const CALLS: Record<string, (p: Progress) => void> = {
  result: (p) => p.result(1),
  error: (p) => p.error("no disk"),
  chainTo: (p) => p.chainTo(Next, { from: "a" }),
};

it.each([
  [
    "result",
    "result",
    /^p\.result was called at FILE and again at FILE: an operation has one result$/,
  ],
  [
    "chainTo",
    "chainTo",
    /^p\.chainTo was called at FILE and again at FILE: an operation has one next operation$/,
  ],
  ["error", "error", /^p\.error was called at FILE and again at FILE: an operation has one error$/],
  [
    "result",
    "error",
    /^p\.result was called at FILE and p\.error at FILE: an operation that fails with p\.error/,
  ],
  [
    "chainTo",
    "error",
    /^p\.chainTo was called at FILE and p\.error at FILE: an operation that fails/,
  ],
  [
    "error",
    "result",
    /^p\.error was called at FILE and p\.result at FILE: an operation that fails/,
  ],
  [
    "error",
    "chainTo",
    /^p\.error was called at FILE and p\.chainTo at FILE: an operation that fails/,
  ],
])("refuses p.%s and then p.%s with the lines of both", async (first, second, message) => {
  const file = import.meta.filename;
  const { outcome } = await attempt((p) => {
    CALLS[first]!(p);
    CALLS[second]!(p);
  });
  expect(outcome).toMatchObject({
    state: "failed",
    next: null,
    error: { code: "LIVEOPS_OUTCOME_SET" },
  });
  const lines: string[] = [];
  const said = outcome.error!.message.replaceAll(
    new RegExp(`${file}:(\\d+)`, "g"),
    (_, line: string) => {
      lines.push(line);
      return "FILE";
    },
  );
  expect(said).toMatch(message);
  expect(lines.map((line) => sourceLine(file, Number(line)).trim().split(":")[0])).toEqual([
    first,
    second,
  ]);
});

function sourceLine(file: string, line: number): string {
  return readFileSync(file, "utf8").split("\n")[line - 1] ?? "";
}

it("keeps the first call where the operation catches the error of the second", async () => {
  const { outcome } = await attempt((p) => {
    p.result(1);
    for (const call of [() => p.result(2), () => p.error("no disk")]) expect(call).toThrow();
  });
  expect(outcome).toMatchObject({ state: "succeeded", result: 1 });
});

it.each([
  ["result", "chainTo"],
  ["chainTo", "result"],
])("keeps the result and hands over after p.%s and then p.%s", async (first, second) => {
  const { outcome } = await attempt((p) => {
    CALLS[first]!(p);
    CALLS[second]!(p);
  });
  expect(outcome).toMatchObject({
    state: "succeeded",
    result: 1,
    error: null,
    next: { op: "next" },
  });
});

it("fails without the result where the next operation does not accept the parameters", async () => {
  const { outcome } = await attempt((p) => {
    p.result(1);
    p.chainTo(Next, { from: 1 as never });
  });
  expect(outcome).toMatchObject({
    state: "failed",
    result: null,
    error: { code: "LIVEOPS_PARAMS_INVALID" },
    next: null,
  });
});

it("fails after p.error, and after a throw, whatever came before", async () => {
  expect((await attempt((p) => p.error("no disk"))).outcome).toEqual({
    state: "failed",
    result: null,
    error: { code: "LIVEOPS_FAILED", message: "no disk", stack: null },
    next: null,
  });
  const { outcome } = await attempt((p) => {
    p.chainTo(Next, { from: "here" });
    throw new Error("after");
  });
  expect(outcome).toMatchObject({ state: "failed", next: null, error: { message: "after" } });
});

it.each([
  ["a function", { f: () => 1 }, ".f is a function"],
  ["a symbol", [Symbol("x")], "[0] is a symbol"],
  ["a BigInt", { a: { b: 1n } }, ".a.b is a bigint"],
  ["NaN", { a: [1, Number.NaN] }, ".a[1] is NaN"],
  ["a Map", new Map(), "it is a Map"],
  ["a hole", [undefined], "[0] is undefined"],
])("refuses %s as a result", async (_, value, where) => {
  const { outcome } = await attempt((p) => p.result(value));
  expect(outcome.error?.code).toBe("LIVEOPS_RESULT_NOT_JSON");
  expect(outcome.error?.message).toContain(where);
});

it("refuses a cycle, keeps the same object twice, drops undefined, stores a Date as its text", async () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  expect((await attempt((p) => p.result(cycle))).outcome.error?.code).toBe(
    "LIVEOPS_RESULT_NOT_JSON",
  );
  const shared = { a: 1 };
  const { outcome } = await attempt((p) => {
    const value = { x: shared, y: shared, gone: undefined, at: new Date(0) };
    p.result(value);
    shared.a = 2;
  });
  expect(outcome.result).toEqual({ x: { a: 1 }, y: { a: 1 }, at: "1970-01-01T00:00:00.000Z" });
});

class Next extends LiveOperation<typeof Next> {
  static params = z.object({ from: z.string(), n: z.number().default(1) });
  static stages = ["Only"] as const;
  run() {}
}

it("prepares the chain's next link in the worker", async () => {
  const order = {
    label: "mine",
    cwd: "/tmp",
    chain: { id: "first00000ab", index: 1, previous: "first00000ab", next: null },
  };
  const { outcome } = await attempt((p) => p.chainTo(Next, { from: "a" }), { order });
  expect(outcome).toEqual({
    state: "succeeded",
    result: null,
    error: null,
    next: {
      id: expect.stringMatching(/^[a-z][0-9a-z]{11}$/),
      op: "next",
      title: "Next",
      label: "mine",
      cwd: "/tmp",
      params: { from: "a" },
      stages: ["Only"],
      chain: { id: "first00000ab", index: 2, previous: "abc123def456", next: null },
    },
  });
});

it("fails where the next link's parameters do not fit", async () => {
  const { outcome } = await attempt((p) => p.chainTo(Next, { from: 1 as never }));
  expect(outcome.next).toBeNull();
  expect(outcome.error?.code).toBe("LIVEOPS_PARAMS_INVALID");
  expect(outcome.error?.message).toContain(
    "the chain cannot continue with next: from takes text, not 1",
  );
  expect(outcome.error?.stack).toContain("run-attempt.test.ts");
});

it("fails where the parameters no longer fit, before the operation is constructed", async () => {
  const sink = new ArraySink();
  const outcome = await runAttempt(
    Next,
    anOrder({ params: { from: 3 } }),
    sink,
    new TestStop(),
    null,
  );
  expect(outcome.error?.code).toBe("LIVEOPS_PARAMS_INVALID");
  expect(sink.events).toEqual([]);
});

it("throws at checkCancelled and track once asked, also in a loop that never yields", async () => {
  for (const loop of [
    (p: Progress) => {
      for (;;) p.checkCancelled();
    },
    (p: Progress) => {
      for (const _ of p.track(forever()));
    },
  ]) {
    const stop = new TestStop();
    let turns = 0;
    stop.poll = () => (++turns > 2 ? "cancel" : null);
    const { outcome, sink } = await attempt((p) => p.stage("Load", () => loop(p)), { stop });
    expect(outcome).toEqual({ state: "cancelled", result: null, error: null, next: null });
    expect(sink.of("stage:left")[0]?.state).toBe("cancelled");
  }
});

function* forever() {
  for (let i = 0; ; i++) yield i;
}

it("takes an AbortError that p.signal caused for the stop", async () => {
  const stop = new TestStop();
  const { outcome, sink } = await attempt(
    (p) =>
      p.stage("Load", async () => {
        const { setTimeout } = await import("node:timers/promises");
        const waiting = setTimeout(1_000_000, null, { signal: p.signal });
        stop.abort("cancel");
        await waiting;
      }),
    { stop },
  );
  expect(outcome.state).toBe("cancelled");
  expect(sink.of("stage:left")[0]?.state).toBe("cancelled");
});

it("fails with LIVEOPS_TIMEOUT when the stop was a timeout, whatever the operation made of it", async () => {
  for (const run of [
    (p: Progress) => p.checkCancelled(),
    (p: Progress) => p.result("late"),
    () => Promise.reject(new Error("x")),
  ]) {
    const stop = new TestStop();
    stop.abort("timeout");
    const { outcome } = await attempt(run, { stop, statics: { timeout: 5 } });
    expect(outcome).toMatchObject({
      state: "failed",
      result: null,
      error: { code: "LIVEOPS_TIMEOUT", message: "it ran longer than its timeout of 5 s" },
    });
  }
});

it("lets a success stand where the cancel came late", async () => {
  const stop = new TestStop();
  const { outcome } = await attempt(
    (p) => {
      stop.abort("cancel");
      p.result("done anyway");
    },
    { stop },
  );
  expect(outcome).toMatchObject({ state: "succeeded", result: "done anyway" });
});

it("lets log, status, percent and checkCancelled be passed on as callbacks", async () => {
  const { outcome, sink } = await attempt(({ log, status, percent, checkCancelled }) => {
    for (const each of [log, status, percent, checkCancelled]) each("5" as never);
  });
  expect(outcome.error).toBeNull();
  expect(sink.all).toEqual(["5", "status:changed", "progress:changed"]);
});

it("a logged text that ends its line adds no empty one", async () => {
  class Test extends LiveOperation {
    run(p: Progress) {
      for (const text of ["a\nb\n", "c\r\n", "", "\n"]) p.log(text);
    }
  }
  const sink = new ArraySink();
  await runAttempt(Test, anOrder(), sink, new TestStop(), null);
  expect(sink.lines.map(({ text }) => text)).toEqual(["a\nb", "c", "", ""]);
});

const RESULT = { files: 3, list: [1, 2] };
const withText = (resultText: unknown, result: unknown = RESULT) =>
  attempt((p) => p.result(result), { statics: { resultText } });

it.each<[what: string, resultText: (result: typeof RESULT) => unknown, expected: string]>([
  ["a line", ({ files }) => `${files} files`, "3 files"],
  ["lines", () => "a\r\n  b\n\n", "a\n  b"],
  ["more than 4096 characters", () => "x".repeat(5000), `${"x".repeat(4095)}…`],
])("the text of a result is stored beside the result: %s", async (_what, resultText, expected) => {
  const { outcome, sink } = await withText(resultText);
  expect(outcome).toEqual({
    state: "succeeded",
    result: RESULT,
    resultText: expected,
    error: null,
    next: null,
  });
  expect(sink.lines).toEqual([]);
});

it("the text of a result has no secret of the attempt", async () => {
  const { outcome } = await attempt(
    async (p) => {
      await p.exec("echo", ["::add-mask::s3cr3t"]);
      p.result(RESULT);
    },
    { statics: { resultText: () => "made with s3cr3t" } },
  );
  expect(outcome).toMatchObject({ state: "succeeded", resultText: "made with ***" });
});

it.each<[resultText: (result: typeof RESULT) => unknown, said: string]>([
  [
    () => {
      throw new Error("no text");
    },
    "threw: no text",
  ],
  [() => 5, "returned no text"],
  [() => "", "returned no text"],
  [async () => "late", "returned no text"],
])("a text that is none is noted, and fails nothing: %s", async (resultText, said) => {
  const { outcome, sink } = await withText(resultText);
  expect(outcome).toEqual({ state: "succeeded", result: RESULT, error: null, next: null });
  expect(sink.lines).toEqual([
    {
      stream: "liveops",
      stage: null,
      text: `static resultText of test ${said}; the result is shown as key=value lines`,
    },
  ]);
});

it("the text of a result cannot change the result, and is not asked for without one", async () => {
  const { outcome } = await withText((result: typeof RESULT) => {
    result.list.push(3);
    return "text";
  });
  expect(outcome.result).toEqual({ files: 3, list: [1, 2] });
  const { outcome: failed } = await attempt((p) => p.error("no"), {
    statics: { resultText: () => "text" },
  });
  expect(failed).not.toHaveProperty("resultText");
  expect((await withText(() => "text", null)).outcome).not.toHaveProperty("resultText");
});

it("a title that is another one than at the submit is reported", async () => {
  const { sink } = await attempt(() => {}, {
    statics: { title: () => "Now" },
    order: { title: "Then" },
  });
  expect(sink.of("stages:declared")).toMatchObject([{ title: "Now", stages: ["Load", "Save"] }]);
});

it("the type that runs any pipeline declares the grace period of the file", async () => {
  const graceOf = async (text: string) => {
    const sink = new ArraySink();
    const order = anOrder({ op: "pipeline", params: { text, path: "/x/nightly.yaml" } });
    await runAttempt(Pipeline, order, sink, new TestStop(), null);
    return sink.of("grace:declared").map(({ gracePeriod }) => gracePeriod);
  };
  const stages = "stages: [{ name: A, run: [true] }]\n";
  expect(await graceOf(stages)).toEqual([10]);
  expect(await graceOf(`${stages}finally: { run: [true], timeout: 3m }\n`)).toEqual([200]);
});

it("chains dates, maps, sets and big integers, stored as JSON", async () => {
  class Rows extends LiveOperation<typeof Rows> {
    static params = z.object({
      since: z.date(),
      sums: z.map(z.string(), z.bigint()),
      tags: z.set(z.string()),
      any: z.any(),
    });
    run() {}
  }
  const values = {
    since: new Date("2026-11-25"),
    sums: new Map([["a", 2n ** 70n]]),
    tags: new Set(["x"]),
  };
  const { outcome } = await attempt((p) => p.chainTo(Rows, { ...values, any: 1 }));
  expect(outcome.next?.params).toEqual({
    since: "2026-11-25T00:00:00.000Z",
    sums: [["a", "1180591620717411303424"]],
    tags: ["x"],
    any: 1,
  });
  const of = async (any: unknown) => {
    const { outcome } = await attempt((p) => p.chainTo(Rows, { ...values, any }));
    return outcome.error?.message;
  };
  // There the operation would get a list.
  expect(await of(new Map())).toBe(
    "the parameters passed to p.chainTo are not JSON: .any is a Map, and the type takes none there",
  );
  expect(await of({ a: [1n] })).toContain(".any.a[0] is a bigint");
  const circle: { me?: unknown } = {};
  circle.me = circle;
  expect(await of(circle)).toContain(".me is part of itself (a cycle)");
  const unchecked = class Unchecked extends LiveOperation {
    run() {}
  };
  const bare = await attempt((p) => p.chainTo(unchecked, { set: new Set() }));
  expect(bare.outcome.error?.message).toContain(".set is a Set");
});
