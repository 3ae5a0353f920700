import { LiveOperation, OperationCancelled, type Progress } from "liveops";
import { expect, it, vi } from "vitest";
import { runAttempt } from "../../../ops/attempt/run-attempt.js";
import { ArraySink, anOrder, TestStop } from "./array-sink.js";

async function inStage(block: (p: Progress) => unknown, stop = new TestStop()) {
  class Test extends LiveOperation {
    static stages = ["Load"];
    async run(p: Progress) {
      await p.stage("Load", () => block(p));
    }
  }
  const sink = new ArraySink();
  const outcome = await runAttempt(Test, anOrder({ stages: ["Load"] }), sink, stop, null);
  return { outcome, sink, progress: sink.of("progress:changed") };
}

async function* slowly<T>(items: T[]) {
  for (const item of items) yield await Promise.resolve(item);
}

it.each<[string, (p: Progress) => Iterable<unknown>, unknown[], number | null]>([
  ["an array", (p) => p.track(["a", "b"]), ["a", "b"], 2],
  ["a Set", (p) => p.track(new Set([1, 2, 3])), [1, 2, 3], 3],
  ["a Map", (p) => p.track(new Map([["k", 1]])), [["k", 1]], 1],
  ["a typed array", (p) => p.track(new Uint8Array([7, 8])), [7, 8], 2],
  ["a text, by character", (p) => p.track("hé😀"), ["h", "é", "😀"], null],
  ["an iterator", (p) => p.track([1, 2].values()), [1, 2], null],
  ["an empty array", (p) => p.track([]), [], 0],
])("passes the items of %s on and counts them", async (_, track, items, total) => {
  const { outcome, progress } = await inStage((p) => expect([...track(p)]).toEqual(items));
  expect(outcome.error).toBeNull();
  expect(progress.at(-1)).toMatchObject({
    percent: total === null ? 0 : 100,
    progress: { done: items.length, total },
  });
});

it("sends label, unit and an option's total; counts by size", async () => {
  const { progress } = await inStage(async (p) => {
    const chunks = slowly([Buffer.alloc(10), Buffer.alloc(30)]);
    const options = { total: 80, label: "Bytes", unit: "B", size: (chunk: Buffer) => chunk.length };
    for await (const chunk of p.track(chunks, options)) expect(chunk.length).toBeGreaterThan(0);
  });
  expect(progress.at(-1)).toMatchObject({
    percent: 50,
    progress: { done: 40, total: 80, label: "Bytes", unit: "B" },
  });
});

it("never reads ahead", async () => {
  let made = 0;
  function* source() {
    for (;;) yield ++made;
  }
  await inStage((p) => {
    for (const item of p.track(source())) {
      expect(made).toBe(item);
      if (item === 5) break;
    }
  });
  expect(made).toBe(5);
});

it("closes the source when the loop is left, thrown out of or stopped", async () => {
  for (const way of ["break", "throw", "stop"] as const) {
    for (const kind of ["sync", "async"] as const) {
      const stop = new TestStop();
      let closed = false;
      function* source() {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          closed = true;
        }
      }
      const leave = (): boolean => {
        if (way === "throw") throw new Error("out");
        if (way === "stop") stop.abort("cancel");
        return way === "break";
      };
      const { outcome } = await inStage(async (p) => {
        if (kind === "sync") for (const _ of p.track(source())) if (leave()) break;
        if (kind === "async") for await (const _ of p.track(slowly2(source()))) if (leave()) break;
      }, stop);
      expect(closed).toBe(true);
      expect(outcome.state).toBe({ break: "succeeded", throw: "failed", stop: "cancelled" }[way]);
    }
  }
});

async function* slowly2<T>(items: Iterable<T>) {
  yield* items;
}

it("checks before each item where items are slow, and polls a fast loop now and then", async () => {
  const clock = vi.spyOn(performance, "now");
  try {
    let now = 1000;
    clock.mockImplementation(() => now);
    const slow = new TestStop();
    let taken = 0;
    const { outcome } = await inStage((p) => {
      for (const item of p.track([...Array(100).keys()])) {
        taken++;
        now += 20;
        if (item === 41) slow.polled = "cancel";
      }
    }, slow);
    expect(outcome.state).toBe("cancelled");
    expect(taken).toBe(42);

    const fast = new TestStop();
    clock.mockClear();
    await inStage((p) => {
      for (const _ of p.track([...Array(100_000).keys()])) now += 0.000_01;
    }, fast);
    expect(fast.polls).toBeLessThan(5);
    expect(clock.mock.calls.length).toBeLessThan(100_000 / 15);

    const busy = new TestStop();
    let from = 0;
    await inStage((p) => {
      for (const item of p.track([...Array(2_000_000).keys()])) {
        now += 0.000_03;
        if (item === 1_000_000) {
          from = now;
          busy.polled = "cancel";
        }
      }
    }, busy);
    expect(from).toBeGreaterThan(0);
    expect(now - from).toBeLessThan(50);
  } finally {
    clock.mockRestore();
  }
});

it("throttles to ten a second, and sends the last value before the stage is left", async () => {
  const clock = vi.spyOn(performance, "now");
  try {
    let now = 0;
    clock.mockImplementation(() => now);
    const { progress, sink } = await inStage((p) => {
      for (let i = 1; i <= 1000; i++) {
        p.percent(i / 10 - 0.05);
        now += 1;
      }
    });
    expect(progress.length).toBeGreaterThanOrEqual(10);
    expect(progress.length).toBeLessThanOrEqual(12);
    expect(progress.at(-1)?.percent).toBeCloseTo(99.95);
    expect(sink.all.slice(-2)).toEqual(["progress:changed", "stage:left"]);
  } finally {
    clock.mockRestore();
  }
});

it("reports the rate and the time left", async () => {
  const clock = vi.spyOn(performance, "now");
  try {
    let now = 1;
    clock.mockImplementation(() => now);
    const { progress } = await inStage((p) => {
      for (const _ of p.track(Array(100).fill(0))) now += 100;
    });
    const half = progress.find(({ progress }) => progress?.done === 50);
    expect(half?.progress).toMatchObject({ rate: 10, etaSeconds: 5 });
    expect(progress.at(-1)?.progress?.etaSeconds).toBe(0);
  } finally {
    clock.mockRestore();
  }
});

it("sends a value that is not followed by anything else, by itself", async () => {
  const sink = new ArraySink();
  const seen = Promise.withResolvers<void>();
  const event = sink.event.bind(sink);
  sink.event = (body, durable) => {
    event(body, durable);
    if (body.type === "progress:changed" && body.percent === 2) seen.resolve();
  };
  class Waits extends LiveOperation {
    async run(p: Progress) {
      p.percent(1);
      p.percent(2);
      const alive = setInterval(() => {}, 1000);
      await seen.promise;
      clearInterval(alive);
    }
  }
  const outcome = await runAttempt(Waits, anOrder({ title: "Waits" }), sink, new TestStop(), null);
  expect(outcome.state).toBe("succeeded");
});

it("keeps percent within 0 to 100", async () => {
  const { progress } = await inStage((p) => {
    p.status("so that each is sent");
    for (const value of [-5, 250, 40]) {
      p.percent(value);
      p.status(`${value}`);
    }
  });
  expect(progress.map(({ percent }) => percent)).toEqual([100, 40]);
});

it.each<[unknown, string]>([
  [0 / 0, "NaN"],
  [1 / 0, "Infinity"],
  ["half", '"half"'],
  ["", '""'],
  [null, "null"],
  [true, "true"],
  [undefined, "undefined"],
])("a percent that is no number (%j) leaves the bar and is said once", async (value, shown) => {
  const { outcome, progress, sink } = await inStage((p) => {
    p.percent(10);
    for (let i = 0; i < 3; i++) p.percent(value as number);
    p.percent(Number.NaN);
  });
  expect(outcome.state).toBe("succeeded");
  expect(progress.map(({ percent }) => percent)).toEqual([10]);
  const text = `p.percent takes a number from 0 to 100, not ${shown}; the progress bar does not change`;
  expect(sink.lines).toEqual([{ stream: "liveops", stage: "Load", text }]);
});

it("sends the last value of a loop that another follows in the same stage, or a percent", async () => {
  const { progress } = await inStage((p) => {
    for (const label of ["One", "Two", "Three"]) for (const _ of p.track([1, 2, 3], { label }));
    p.percent(50);
  });
  const last = (label: string) =>
    progress.filter(({ progress }) => progress?.label === label).at(-1);
  for (const label of ["One", "Two", "Three"])
    expect(last(label)).toMatchObject({ percent: 100, progress: { done: 3, total: 3 } });
  expect(progress.at(-1)).toMatchObject({ percent: 50, progress: null });
});

it("a thousand short loops send few values, the last one included", async () => {
  const { progress } = await inStage((p) => {
    for (let n = 0; n < 1000; n++) for (const _ of p.track([1], { label: `loop ${n}` }));
  });
  expect(progress.length).toBeLessThan(200);
  expect(progress.at(-1)?.progress).toMatchObject({ label: "loop 999", done: 1 });
});

it("starts the bar again with each stage", async () => {
  class Two extends LiveOperation {
    static stages = ["A", "B"];
    async run(p: Progress) {
      await p.stage("A", () => p.percent(50));
      await p.stage("B", () => p.percent(50));
    }
  }
  const sink = new ArraySink();
  await runAttempt(Two, anOrder({ title: "Two", stages: ["A", "B"] }), sink, new TestStop(), null);
  expect(sink.all).toEqual([
    "stage:entered",
    "progress:changed",
    "stage:left",
    "stage:entered",
    "progress:changed",
    "stage:left",
  ]);
});

it("reports the position where the loop stopped", async () => {
  const stop = new TestStop();
  stop.abort("cancel");
  let thrown: unknown;
  await inStage((p) => {
    try {
      for (const _ of p.track([1])) throw new Error("an item was given out");
    } catch (error) {
      thrown = error;
      throw error;
    }
  }, stop);
  expect(thrown).toBeInstanceOf(OperationCancelled);
  expect((thrown as Error).stack).toContain("track.test.ts");
});
