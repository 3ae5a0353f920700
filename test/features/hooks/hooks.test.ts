/** Hooks with a real daemon: when they run, what they get, at least once, and what their failure shows. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { runHook } from "../../../daemon/os/run-hook.js";
import { Stalls } from "../../../daemon/scheduler/stalls.js";
import type { Entry } from "../../../daemon/store/decision.js";
import { useDaemon } from "../../harness/daemon.js";

const OPS = {
  "work.mjs": `
    import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { LiveOperation, z } from "liveops";
    export class Link extends LiveOperation {
      static params = z.object({ left: z.number().default(0), fails: z.boolean().default(false), file: z.string().optional() });
      async run(p) {
        const { left, fails, file } = this.params;
        while (file && !existsSync(file)) await delay(10, undefined, { signal: p.signal });
        if (left > 0) p.chainTo(Link, { left: left - 1, fails });
        else if (fails) throw new Error("no room\\nsecond line");
      }
    }`,
};

const until = (holds: () => boolean) => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 60_000 });

const daemon = useDaemon({
  ops: OPS,
  config: {
    hooks: {
      onFailure: "cat > record.json; echo 'cannot mail' >&2; exit 3",
      onQueueEmpty: `cat >> queue.json`,
    },
  },
});
const { client, world } = daemon;

test("hooks run at the end of the chain, with the record and variables, at least once", async () => {
  const line = (word: string) => `echo ${word} $LIVEOPS_HOOK $LIVEOPS_STATE "$LIVEOPS_ERROR" >> hooks.txt`;
  const inWorld = (name: string) => join(world.dir, name);
  const inHome = (name: string) => join(world.home, name);
  // Hooks run at the same time, in any order.
  const told = () =>
    existsSync(inWorld("hooks.txt")) ? readFileSync(inWorld("hooks.txt"), "utf8").split("\n").sort() : [];
  const isTold = (...lines: string[]) => told().join("\n") === ["", ...lines].join("\n");
  /** A file that a hook may be writing now. */
  const jsonOf = (file: string): unknown => {
    try {
      return JSON.parse(readFileSync(file, "utf8"));
    } catch {
      return null;
    }
  };
  const hooks = { onSuccess: line("a"), onFailure: line("b"), onFinish: line("c") };
  const body = { cwd: world.dir, env: { PATH: process.env.PATH! }, hooks };

  const good = await daemon.submit("link", { ...body, params: { left: 2 } });
  expect(good.hooks).toEqual(hooks);
  await until(() => isTold("a onSuccess succeeded ", "c onFinish succeeded "));
  await until(() => jsonOf(inHome("queue.json")) !== null);
  expect(JSON.parse(readFileSync(inHome("queue.json"), "utf8"))).toMatchObject({
    name: "default",
    queued: 0,
  });

  writeFileSync(inWorld("hooks.txt"), "");
  const bad = await daemon.submit("link", { ...body, params: { left: 1, fails: true } });
  await until(() => isTold("b onFailure failed no room", "c onFinish failed no room"));
  const last = (await client.show(bad.id)).chain.next!;
  await vi.waitFor(
    async () =>
      expect((await client.show(last)).hookFailures).toMatchObject([
        { hook: "onFailure", source: "config", message: "it exited with 3: cannot mail" },
      ]),
    60_000,
  );
  expect(await client.show(last)).toMatchObject({
    state: "failed",
    error: { message: "no room\nsecond line" },
  });
  expect(JSON.parse(readFileSync(inHome("record.json"), "utf8"))).toMatchObject({
    id: last,
    state: "failed",
  });
  const { problems } = await client.daemon();
  expect(problems).toEqual([
    expect.stringMatching(`^a hook has failed in the last day; .*onFailure of ${last}`),
  ]);

  // The daemon dies after the outcomes, before the hooks are recorded as run.
  const path = join(world.stateDir, "hooks.json");
  await daemon.kill();
  const saved = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...saved, after: 0, done: [] }));
  writeFileSync(inWorld("hooks.txt"), "");
  await daemon.startAgain();
  const failed = ["b onFailure failed no room", "c onFinish failed no room"];
  await until(() => isTold("a onSuccess succeeded ", ...failed, "c onFinish succeeded "));
  await until(() => JSON.parse(readFileSync(path, "utf8")).after >= saved.after);
  await daemon.kill();
  writeFileSync(inWorld("hooks.txt"), "");
  await daemon.startAgain();
  const next = await daemon.submit("link", { ...body, hooks: { onFinish: line("d") } });
  expect(await daemon.untilFinished(next.id)).toMatchObject({ state: "succeeded" });
  await until(() => isTold("d onFinish succeeded "));
});

test("a silent operation has its stall told once for each silence", async () => {
  world.writeConfig({ stallAfter: 1 });
  await daemon.stop();
  await daemon.startAgain();
  const file = join(world.dir, "go");
  const told = join(world.dir, "stalls");
  const { id } = await daemon.submit("link", {
    params: { file },
    cwd: world.dir,
    hooks: { onStall: `echo $LIVEOPS_OPERATION_ID >> ${told}` },
  });
  await until(() => existsSync(told) && readFileSync(told, "utf8") === `${id}\n`);
  writeFileSync(file, "");
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded" });
  expect(readFileSync(told, "utf8")).toBe(`${id}\n`);
});

test("silence counts from the last report, and not while an operation is paused", () => {
  const entry = { record: { id: "a", pause: null } } as Entry;
  const stalled: string[] = [];
  const bus = new Bus();
  bus.on("stalled", ({ record }) => stalled.push(record.id));
  const stalls = new Stalls({
    bus,
    settings: { stallAfter: 10 },
    attempts: new Map([["a", { entry, outcome: null, stalledSince: null }]]),
  });
  const start = performance.now();
  stalls.look(start);
  stalls.look(start + 9_999);
  expect(stalled).toEqual([]);
  entry.record = { ...entry.record, pause: { since: "2030-01-01T00:00:00.000Z", seconds: 0, changes: 1 } };
  stalls.look(start + 20_000);
  entry.record = { ...entry.record, pause: null };
  stalls.look(start + 29_999);
  expect(stalled).toEqual([]);
  stalls.look(start + 30_001);
  stalls.look(start + 60_000);
  expect(stalled).toEqual(["a"]);
});

test("a hook is killed with its group after its time; one that does not read its stdin does no harm", async () => {
  const run = (command: string, timeout = 10_000) =>
    runHook({
      command,
      cwd: "/",
      env: { PATH: process.env.PATH! },
      input: "x".repeat(1_000_000),
      timeout,
      signal: new AbortController().signal,
    });
  expect(await run("sleep 100 & wait", 300)).toBe("it was killed after 0.3 s");
  expect(await run("true")).toBeNull();
  expect(await run("sleep 0.2 & exit 0")).toBeNull();
  expect(await run("echo one; echo two >&2; exit 7")).toBe("it exited with 7: two");
  expect(await run("kill -TERM $$")).toBe("it was killed by SIGTERM");
  const gone = runHook({
    command: "true",
    cwd: "/none",
    env: {},
    input: "",
    timeout: 1,
    signal: AbortSignal.abort(),
  });
  expect(await gone).toMatch(/^it could not be started/);
});
