/** `p.operation` in `liveops run`: the operations run in this process, by the same code. */
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { LiveOperation, OperationCancelled, type Progress, z } from "liveops";
import { expect, it } from "vitest";
import { runInline } from "../../../ops/attempt/inline.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import type { OperationEvent } from "../../../protocol/event.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

class Compile extends LiveOperation<typeof Compile> {
  static stages = ["Configure", "Make"] as const;
  static params = z.object({ target: z.string(), fail: z.boolean().default(false) });
  async run(p: Progress<Compile>) {
    await p.stage("Configure", () => p.log(`for ${this.params.target} in ${process.cwd()}`));
    await p.stage("Make", () => {
      process.stdout.write(`made by ${process.env.LIVEOPS_OPERATION_ID === this.id}\n`);
      p.status("linking");
      p.percent(50);
      if (this.params.fail) throw new Error("no rule");
    });
    p.result({ image: `${this.params.target}.img` });
  }
}

class Links extends LiveOperation<typeof Links> {
  async run(p: Progress<Links>) {
    p.chainTo(Compile, { target: "last" });
  }
}

class Build extends LiveOperation<typeof Build> {
  static stages = ["Compile"] as const;
  async run(p: Progress<Build>) {
    await p.stage("Compile", () => p.operation(Compile, { target: "x", fail: true }));
  }
}

/** An operation whose only stage, `Build`, runs the block. */
function within(block: (p: Progress) => unknown): OperationCtor {
  return class Release extends LiveOperation {
    static stages = ["Build"] as const;
    async run(p: Progress) {
      await p.stage("Build", async () => p.result(await block(p)));
    }
  } as unknown as OperationCtor;
}

async function run(
  Type: OperationCtor,
  { stop = new AbortController(), onEvent = (_: OperationEvent) => {} } = {},
) {
  const cwd = realpathSync(directory());
  const chain = { id: "outer", index: 0, previous: null, next: null };
  const submission = await prepareSubmission(Type, {}, { id: "outer", label: "mine", cwd, chain });
  const events: Array<OperationEvent & { id: string }> = [];
  const lines: string[] = [];
  const last = await runInline(
    Type,
    submission,
    {
      event: (event, id) => {
        events.push({ ...event, id });
        onEvent(event);
      },
      line: ({ stage, step, text }, id) => {
        lines.push(
          `${id === "outer" ? "outer" : "inner"} ${[stage, step].filter(Boolean).join("/")}: ${text}`,
        );
      },
    },
    stop.signal,
  );
  const children = events.flatMap((event) =>
    event.type === "operation:submitted" && event.id !== "outer" ? [event.operation] : [],
  );
  return { last, events, lines, children, cwd };
}

it("runs an operation inside of a stage, with a record and a log of its own", async () => {
  const { last, events, lines, children, cwd } = await run(
    within((p) => p.operation(Compile, { target: "arm" })),
  );
  expect(last).toMatchObject({ id: "outer", state: "succeeded", result: { image: "arm.img" } });
  const parent = { id: "outer", attempt: 1, stage: "Build", occurrence: 1, call: 1 };
  expect(children).toMatchObject([
    { op: "compile", label: null, params: { target: "arm" }, parent },
  ]);
  expect(lines).toEqual([`inner Configure: for arm in ${cwd}`, "inner Make: made by true"]);
  const [child] = children;
  const began = events.findIndex(({ type }) => type === "child:began");
  expect(events[began]).toMatchObject({
    id: "outer",
    stage: "Build",
    op: "compile",
    title: "Compile",
    child: child!.id,
  });
  expect(events.findIndex(({ id }) => id === child!.id)).toBe(began + 1);
});

it("shows the bar and the status of the operation in the stage", async () => {
  const { events } = await run(within((p) => p.operation(Compile, { target: "arm" })));
  const ofOuter = events.filter(({ id }) => id === "outer");
  expect(ofOuter.filter(({ type }) => type === "progress:changed").at(-1)).toMatchObject({
    percent: 100,
  });
  const statuses = ofOuter.flatMap((event) =>
    event.type === "status:changed" ? [event.status.text] : [],
  );
  expect(statuses).toEqual(["Compile", "Configure", "Make", "Make: linking", ""]);
});

it("resolves to the result of the last operation of the chain", async () => {
  const { last, children } = await run(within((p) => p.operation(Links)));
  expect(last.result).toEqual({ image: "last.img" });
  expect(children.map(({ op, parent }) => [op, parent?.id])).toEqual([
    ["links", "outer"],
    ["compile", "outer"],
  ]);
});

it("throws the error of the operation, with its place", async () => {
  const { last } = await run(within((p) => p.operation(Compile, { target: "x", fail: true })));
  expect(last.error).toMatchObject({ code: "LIVEOPS_EXCEPTION", message: "Build › Make: no rule" });
  expect(last.error?.stack).toContain("inline-children.test.ts");
  const nested = await run(within((p) => p.operation(Build)));
  expect(nested.last.error?.message).toBe("Build › Compile › Make: no rule");
});

it("numbers the calls of a stage and of its steps", async () => {
  const { children } = await run(
    within(async (p) => {
      await p.operation(Compile, { target: "a" });
      await p.operation(Compile, { target: "b" });
      await p.parallel({ left: (s) => s.operation(Compile, { target: "c" }) });
    }),
  );
  expect(children.map(({ parent }) => [parent?.step, parent?.call])).toEqual([
    [undefined, 1],
    [undefined, 2],
    ["left", 1],
  ]);
});

it("runs operations of steps one after another, each in its directory", async () => {
  const root = realpathSync(directory());
  const targets = ["a", "b", "c"];
  for (const name of targets) mkdirSync(join(root, name));
  const { lines, events } = await run(
    within((p) =>
      p.each(targets, (target, s) =>
        // biome-ignore lint/suspicious/noExplicitAny: the runner's own types call `child`
        (s as any).child({
          type: Compile,
          params: { target },
          cwd: join(root, target),
          env: { OF: target },
        }),
      ),
    ),
  );
  const made = lines.filter((line) => line.includes(" in "));
  expect(made.sort()).toEqual(
    targets.map((each) => `inner Configure: for ${each} in ${join(root, each)}`),
  );
  expect(process.env.OF).toBeUndefined();
  let open = 0;
  for (const { type, id } of events) {
    if (id === "outer") continue;
    if (type === "attempt:started") expect(++open).toBe(1);
    if (type === "attempt:finished") open--;
  }
});

it("cancels the operation with the one around it", async () => {
  class Waits extends LiveOperation {
    async run(p: Progress) {
      await new Promise((_, reject) =>
        p.signal.addEventListener("abort", () => reject(p.signal.reason)),
      );
    }
  }
  const stop = new AbortController();
  let thrown: unknown;
  const { last, events } = await run(
    within(async (p) => {
      try {
        await p.operation(Waits);
      } catch (error) {
        thrown = error;
        throw error;
      }
    }),
    {
      stop,
      onEvent: ({ type }) => {
        if (type === "status:changed") setImmediate(() => stop.abort());
      },
    },
  );
  expect(last.state).toBe("cancelled");
  expect(thrown).toBeInstanceOf(OperationCancelled);
  const ends = events.flatMap((event) =>
    event.type === "operation:finished" ? [event.state] : [],
  );
  expect(ends).toEqual(["cancelled", "cancelled"]);
});

it("fails the operation that returns before the one inside of it has ended", async () => {
  const { last } = await run(within((p) => void p.operation(Compile, { target: "x" })));
  expect(last.error).toMatchObject({ code: "LIVEOPS_STAGE_ACTIVE" });
  expect(last.error?.message).toContain("await p.operation(Compile, …)");
});

it("refuses parameters that the type does not take, and a depth of more than 16", async () => {
  const bad = await run(within((p) => p.operation(Compile, { target: 1 } as never)));
  expect(bad.last.error?.message).toContain("target");
  class Deep extends LiveOperation {
    async run(p: Progress) {
      await p.operation(Deep);
    }
  }
  const { last, children } = await run(Deep as unknown as OperationCtor);
  expect(children).toHaveLength(16);
  expect(last.error?.message).toContain("inside of 16 others");
});
