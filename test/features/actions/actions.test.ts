/**
 * Actions with a real daemon: when they run, what they get, at least once, and what their failure
 * shows.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { runCommand } from "../../../daemon/features/actions/command.js";
import { Stalls } from "../../../daemon/scheduler/stalls.js";
import type { Entry } from "../../../daemon/store/decision.js";
import { useDaemon } from "../../harness/daemon.js";

const line = (word: string) =>
  `echo ${word} $LIVEOPS_EVENT $LIVEOPS_STATE $LIVEOPS_ATTEMPT "$(echo "$LIVEOPS_REASON" | head -1)" >> told.txt`;

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
  // JSON is YAML.
  "nightly.yaml": JSON.stringify({
    params: { left: { type: "integer", required: true } },
    stages: [{ name: "Only", run: "true" }],
    on: {
      success: line("a"),
      failure: line("b"),
      finish: [
        ["sh", "-c", line("c")],
        ["touch", "words"],
      ],
    },
    // biome-ignore lint/suspicious/noThenProperty: the name of a key in the file
    then: { op: "link", with: { left: "$left", fails: true } },
  }),
};

const until = (holds: () => boolean) =>
  vi.waitFor(() => expect(holds()).toBe(true), { timeout: 60_000 });

const daemon = useDaemon({
  ops: OPS,
  config: {
    stallAfter: 1,
    on: {
      failure: "cat > record.json; echo 'cannot mail' >&2; exit 3",
      finish: line("d"),
      stall: "echo $LIVEOPS_OPERATION_ID >> stalls",
      queueEmpty: "cat > queue.json",
    },
  },
});
const { client, world } = daemon;
const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
const lines = (file: string) =>
  read(file)
    .split("\n")
    .map((text) => text.trim())
    .filter(Boolean)
    .sort();
/** A file that an action may be writing now. */
function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(join(world.home, file), "utf8"));
  } catch {
    return null;
  }
}

test("actions of the file run at the end of the pipeline, those of the config file at the end of the chain", async () => {
  const told = join(world.dir, "told.txt");
  const all = join(world.home, "told.txt");
  const env = { PATH: process.env.PATH! };
  const first = await daemon.submit("nightly", { cwd: world.dir, env, params: { left: 1 } });
  expect(first.actions?.failure).toBe(line("b"));
  const ofFile = ["a success succeeded 1", "c finish succeeded 1"];
  await until(() => lines(told).join() === ofFile.join() && existsSync(join(world.dir, "words")));
  await until(() => lines(all).join() === "d finish failed no room");
  await vi.waitFor(
    () => expect(jsonOf("queue.json")).toMatchObject({ name: "default", queued: 0 }),
    60_000,
  );
  const middle = (await client.show(first.id)).chain.next!;
  const last = (await client.show(middle)).chain.next!;
  await vi.waitFor(
    async () =>
      expect((await client.show(last)).actionFailures).toMatchObject([
        { event: "failure", source: "config", message: "it exited with 3: cannot mail" },
      ]),
    60_000,
  );
  expect(jsonOf("record.json")).toMatchObject({ id: last, state: "failed" });
  const { problems } = await client.daemon();
  expect(problems).toEqual([
    expect.stringMatching(`^an action has failed in the last day; .*failure of ${last}`),
  ]);

  // The daemon dies after the outcomes, before it is recorded that the actions have run.
  const path = join(world.stateDir, "actions.json");
  await daemon.kill();
  const saved = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...saved, after: 0, done: [] }));
  writeFileSync(told, "");
  await daemon.startAgain();
  await until(() => lines(told).join() === ofFile.join());
  await until(() => JSON.parse(readFileSync(path, "utf8")).after >= saved.after);
  await daemon.kill();
  writeFileSync(all, "");
  writeFileSync(told, "");
  await daemon.startAgain();
  const next = await daemon.submit("link");
  expect(await daemon.untilFinished(next.id)).toMatchObject({ state: "succeeded" });
  await until(() => lines(all).join() === "d finish succeeded");
  expect(read(told)).toBe("");
});

test("a silent operation has its stall told once for each silence", async () => {
  const file = join(world.dir, "go");
  const stalls = join(world.home, "stalls");
  const { id } = await daemon.submit("link", { params: { file }, cwd: world.dir });
  await until(() => read(stalls) === `${id}\n`);
  writeFileSync(file, "");
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded" });
  expect(read(stalls)).toBe(`${id}\n`);
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
  entry.record = {
    ...entry.record,
    pause: { since: "2030-01-01T00:00:00.000Z", seconds: 0, changes: 1 },
  };
  stalls.look(start + 20_000);
  entry.record = { ...entry.record, pause: null };
  stalls.look(start + 29_999);
  expect(stalled).toEqual([]);
  stalls.look(start + 30_001);
  stalls.look(start + 60_000);
  expect(stalled).toEqual(["a"]);
});

test("a command is killed with its group after its time; one that does not read its stdin does no harm", async () => {
  const run = (command: string, timeout = 10_000) =>
    runCommand({
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
  expect(
    await runCommand({
      command: "true",
      cwd: "/none",
      env: {},
      input: "",
      timeout: 1,
      signal: AbortSignal.abort(),
    }),
  ).toMatch(/^it could not be started/);
});
