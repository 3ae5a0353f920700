import { realpathSync } from "node:fs";
import { join } from "node:path";
import { LiveOperation, type Progress, z } from "liveops";
import { beforeEach, expect, it, vi } from "vitest";
import { runInline } from "../../../ops/attempt/inline.js";
import { captureOutput } from "../../../ops/programs/capture-output.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import type { OperationEvent } from "../../../protocol/event.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import { reduceEvent } from "../../../protocol/reduce.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let cwd: string;
beforeEach(() => {
  cwd = realpathSync(directory());
});

interface Seen {
  operation: string;
  event?: OperationEvent;
  line?: LogLine;
}

async function run(
  Type: OperationCtor,
  params = {},
  { stop = new AbortController(), dir = cwd, onEvent = (_: OperationEvent) => {} } = {},
) {
  const chain = { id: "first", index: 0, previous: null, next: null };
  const submission = await prepareSubmission(
    Type,
    { params },
    { id: "first", label: "mine", cwd: dir, chain },
  );
  const seen: Seen[] = [];
  const last = await runInline(
    Type,
    submission,
    {
      event: (event, id) => {
        seen.push({ operation: id, event });
        onEvent(event);
      },
      line: (line, id) => seen.push({ operation: id, line }),
    },
    stop.signal,
  );
  const types = seen.map(({ event, line }) => event?.type ?? `${line?.stream}: ${line?.text}`);
  return { last, seen, types };
}

class First extends LiveOperation<typeof First> {
  static stages = ["Load"] as const;
  static params = z.object({ n: z.number() });
  async run(p: Progress<First>) {
    process.stdout.write(`in ${process.cwd()}\n`);
    await p.stage("Load", () => {
      p.log("two\nlines");
      process.stderr.write("no end");
    });
    p.chainTo(Second, { n: this.params.n + 1 });
  }
}

class Second extends LiveOperation<typeof Second> {
  static params = z.object({ n: z.number() });
  run(p: Progress<Second>) {
    p.status("nearly", "success");
    p.result({ n: this.params.n });
  }
}

it("says what the daemon would, link after link, and gives the last one's record", async () => {
  const before = process.cwd();
  const { last, seen, types } = await run(First, { n: 1 });
  expect(types).toEqual([
    "operation:submitted",
    "attempt:started",
    "attempt:accepted",
    `stdout: in ${cwd}`,
    "stage:entered",
    "log: two",
    "log: lines",
    "stage:left",
    "stderr: no end",
    "attempt:finished",
    "operation:finished",
    "operation:submitted",
    "attempt:started",
    "attempt:accepted",
    "status:changed",
    "attempt:finished",
    "operation:finished",
  ]);
  expect(last).toMatchObject({
    op: "second",
    state: "succeeded",
    result: { n: 2 },
    label: "mine",
    cwd,
    chain: { id: "first", index: 1, previous: "first", next: null },
  });
  expect(process.cwd()).toBe(before);

  for (const id of ["first", last.id]) {
    const own = seen.filter(({ operation }) => operation === id);
    expect(own.map(({ event, line }) => (event ?? line)!.seq)).toEqual(
      own.map((_, index) => index + 1),
    );
    const record = own.reduce<Operation | null>(
      (r, { event }) => (event ? reduceEvent(r, event) : r),
      null,
    );
    expect(record).toMatchObject({ state: "succeeded", attempt: 1 });
  }
  expect(seen.flatMap(({ line }) => (line ? [line.n] : []))).toEqual([1, 2, 3, 4]);
});

class Waits extends LiveOperation {
  static gracePeriod = 0.05;
  async run(p: Progress) {
    await new Promise((_, reject) =>
      p.signal.addEventListener("abort", () => reject(p.signal.reason)),
    );
  }
}

it("cancels at the signal, says so, and starts no next link", async () => {
  const stop = new AbortController();
  const onEvent = (event: OperationEvent) => {
    if (event.type === "attempt:accepted") queueMicrotask(() => stop.abort());
  };
  const { last, types } = await run(Waits, {}, { stop, onEvent });
  expect(last).toMatchObject({ state: "cancelled", cancelRequested: true });
  expect(types.slice(3)).toEqual(["cancel:requested", "attempt:finished", "operation:finished"]);
});

class Deaf extends LiveOperation<typeof Deaf> {
  static params = z.object({ n: z.number() });
  static gracePeriod = 30;
  run(p: Progress<Deaf>) {
    p.chainTo(Second, { n: this.params.n });
  }
}

it("cancels the next link where the cancel came while the one before was on its way out", async () => {
  const stop = new AbortController();
  const onEvent = (event: OperationEvent) => {
    if (event.type === "attempt:accepted") stop.abort();
  };
  const { last, types } = await run(Deaf, { n: 1 }, { stop, onEvent });
  expect(last).toMatchObject({ op: "second", state: "cancelled", attempt: 0 });
  expect(types.slice(-3)).toEqual([
    "operation:finished",
    "operation:submitted",
    "operation:finished",
  ]);
});

it("gives up on what does not end within its grace period", async () => {
  class Stuck extends LiveOperation {
    static gracePeriod = 0.01;
    static timeout = 0.01;
    async run() {
      await new Promise(() => {});
    }
  }
  const { last } = await run(Stuck);
  expect(last.state).toBe("failed");
  expect(last.error).toMatchObject({
    code: "LIVEOPS_TIMEOUT",
    message: expect.stringContaining("0.01 s"),
  });
});

it("stops a busy loop at its timeout", async () => {
  class Busy extends LiveOperation {
    static timeout = 0.02;
    run(p: Progress) {
      for (;;) p.checkCancelled();
    }
  }
  const { last } = await run(Busy);
  expect(last.error?.code).toBe("LIVEOPS_TIMEOUT");
});

it("fails where the working directory is gone", async () => {
  const { last, types } = await run(Second, { n: 1 }, { dir: join(cwd, "gone") });
  expect(last.error?.code).toBe("LIVEOPS_CWD_GONE");
  expect(types.slice(-2)).toEqual(["attempt:finished", "operation:finished"]);
});

it("captures lines whole, whatever pieces they are written in, and leaves the real writers", () => {
  const real = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const lines: string[] = [];
  try {
    const capture = captureOutput((stream, text) => lines.push(`${stream}: ${text}`));
    const euro = Buffer.from("€");
    process.stdout.write("a");
    process.stdout.write("b\r\nc\n\nd");
    process.stdout.write(euro.subarray(0, 1));
    process.stdout.write(euro.subarray(1));
    process.stderr.write("err\n");
    process.stdout.write("6869", "hex");
    process.stdout.write(`\n${"x".repeat(70_000)}`);
    capture.real.stdout("really");
    capture.restore();
    process.stdout.write("after");
    expect(real.mock.calls.map(([text]) => text)).toEqual(["really", "after"]);
  } finally {
    real.mockRestore();
  }
  expect(lines).toEqual([
    "stdout: ab",
    "stdout: c",
    "stdout: ",
    "stderr: err",
    "stdout: d€hi",
    `stdout: ${"x".repeat(65_536)}`,
    `stdout: ${"x".repeat(70_000 - 65_536)}`,
  ]);
});

it("calls back once written", async () => {
  const capture = captureOutput(() => {});
  try {
    await new Promise<void>((resolve) => process.stdout.write("a", () => resolve()));
    await new Promise<void>((resolve) => process.stdout.write("b", "utf8", () => resolve()));
  } finally {
    capture.restore();
  }
});

class ManyStages extends LiveOperation<typeof ManyStages> {
  static stages = () => Array.from({ length: 30_000 }, (_, n) => `Step ${n}`);
  async run(p: Progress<ManyStages>) {
    for (let n = 0; n < 30_000; n++) await p.stage(`Step ${n}`, () => {});
  }
}

it("runs a stage of thirty thousand as quickly as one of three", async () => {
  // Where each costs time in proportion to their number, this does not end before the test's time
  // is over.
  const { last } = await run(ManyStages);
  expect(Object.values(last.stageStates)).toHaveLength(30_000);
  expect(new Set(Object.values(last.stageStates))).toEqual(new Set(["done"]));
});
