/** Notices with a real daemon and real servers: which events, at least once, floods, and a channel that is dead. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Config } from "../../../protocol/system/config-settings.js";
import { describeWhy } from "../../../tui/describe/why.js";
import { TestDaemon, useDaemon } from "../../harness/daemon.js";
import { HttpSink } from "./notice-servers.js";

const OPS = {
  "work.mjs": `
    import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { LiveOperation, z } from "liveops";
    export class Work extends LiveOperation {
      static stages = ["First", "Second"];
      static params = z.object({ fails: z.boolean().default(false), file: z.string().optional(), left: z.number().default(0) });
      async run(p) {
        const { fails, file, left } = this.params;
        await p.stage("First", async () => {});
        await p.stage("Second", async () => {
          while (file && !existsSync(file)) await delay(10, undefined, { signal: p.signal });
          if (fails) throw new Error("no room\\nsecond line", { cause: new Error("disk is full") });
        });
        if (left > 0) p.chainTo(Work, { left: left - 1 });
      }
    }`,
  "asks.mjs": `
    import { LiveOperation } from "liveops";
    export class Asks extends LiveOperation {
      static resumable = true;
      async run(p) { await p.approve("Which?", { choices: ["a", "b"], timeout: 3600 }); }
    }`,
};

const daemon = useDaemon({ ops: OPS });
const { client, world } = daemon;

async function restart(config: Config): Promise<void> {
  world.writeConfig(config);
  await daemon.stop();
  await daemon.startAgain();
}

/** The channels of a test, and nothing of those of the tests before. */
async function configure(notify: Config["notify"], more: Config = {}): Promise<void> {
  await restart({});
  await restart({ notify, ...more });
}

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000 });

const hook = (sink: HttpSink, over: object = {}): NonNullable<Config["notify"]>[string] => ({
  webhook: { url: `${sink.url}/hook` },
  ...over,
});

const of = (sink: HttpSink, path = "/hook") => sink.bodies(path).map(({ type, subject }) => [type, subject]);

test("a failure is told with its reason, by the channels that want it", async () => {
  await using sink = await HttpSink.start();
  const other = { webhook: { url: `${sink.url}/other` } };
  await configure({
    all: hook(sink),
    others: { ...other, label: ["prod*"] },
    ends: { webhook: { url: `${sink.url}/ends` }, events: ["finished"], longerThan: 0 },
    late: { webhook: { url: `${sink.url}/late` }, events: ["finished"], longerThan: 3600 },
  });
  const failed = await daemon.submit("work", { params: { fails: true }, label: "nightly" });
  await daemon.untilFinished(failed.id);
  await until(() => expect(of(sink)).toEqual([["liveops.failed", failed.id]]));
  const [{ data }] = sink.bodies("/hook");
  expect(data).toMatchObject({
    title: "Failed: Work (nightly)",
    reason: ["stage Second", "no room", "caused by Error: disk is full"],
    where: expect.stringContaining(`queue default, type work, id ${failed.id}`),
    next: ["retry", "logs", "why"].map((command) => `liveops ${command} ${failed.id}`),
    operation: { id: failed.id, state: "failed", error: { message: "no room" } },
  });
  const rows = describeWhy(await client.why(failed.id))[0]!.rows;
  expect(data.reason).toEqual(rows.slice(0, 3).map(({ text }) => text));

  // The end of the chain is told, not its first operation; a cancelled operation is not.
  const cancelled = await daemon.submit("work", { params: { file: "/none" } });
  await client.cancel(cancelled.id);
  const chain = await daemon.submit("work", { params: { left: 1 }, label: "production" });
  await daemon.untilFinished(chain.id);
  const last = (await client.show(chain.id)).chain.next!;
  await until(() =>
    expect(of(sink, "/ends")).toEqual([
      ["liveops.finished", failed.id],
      ["liveops.finished", last],
    ]),
  );
  const worst = await daemon.submit("work", { params: { fails: true }, label: "production" });
  await until(() => expect(of(sink, "/other")).toEqual([["liveops.failed", worst.id]]));
  await until(() => expect([of(sink, "/late"), of(sink).length]).toEqual([[], 2]));
});

test("a channel that is dead holds nothing up, and gets its notices from the next daemon", async () => {
  const gone = await HttpSink.start();
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  await using live = await HttpSink.start();
  await configure({ dead: { webhook: { url: `http://127.0.0.1:${port}/hook` } }, live: hook(live) });
  const { id } = await daemon.submit("work", { params: { fails: true } });
  expect(await daemon.untilFinished(id)).toMatchObject({ state: "failed" });
  await until(() => expect(of(live)).toEqual([["liveops.failed", id]]));
  await until(async () => {
    const { channels } = await client.daemon();
    expect(channels).toMatchObject([
      {
        channel: "dead",
        kind: "webhook",
        waiting: 1,
        sent: 0,
        problem: expect.stringContaining("ECONNREFUSED"),
      },
      { channel: "live", waiting: 0, sent: 1, problem: null },
    ]);
  });
  await daemon.kill();
  await using back = await HttpSink.start(port);
  await daemon.startAgain();
  await until(() => expect(of(back)).toEqual([["liveops.failed", id]]));
  await until(async () =>
    expect((await client.daemon()).channels[0]).toMatchObject({ waiting: 0, sent: 1, problem: null }),
  );
});

test("a question is told, and not any more once it is answered or cancelled", async () => {
  await using sink = await HttpSink.start();
  await configure({ live: hook(sink), night: hook(sink, { quiet: "00:00-23:59" }) });
  const waiting = async () =>
    (await client.daemon()).channels.find(({ channel }) => channel === "night")!.waiting;
  const first = await daemon.submit("asks", {});
  await until(() => expect(of(sink)).toEqual([["liveops.approval", first.id]]));
  expect(sink.bodies("/hook")[0].data).toMatchObject({
    reason: [
      "Which?",
      "choices: a, b",
      expect.stringMatching(/^until [\d-]+ \d\d:\d\d, then the stage fails$/),
    ],
    next: [`liveops approve ${first.id}/1 CHOICE`, `liveops reject ${first.id}/1`],
  });
  const second = await daemon.submit("asks", {});
  await until(async () => expect(await waiting()).toBe(2));
  await client.approve(first.id, { choice: "a" });
  expect(await waiting()).toBe(1);
  await client.cancel(second.id);
  expect(await waiting()).toBe(0);
});

test("a question and a failure are told although the daemon died before it could keep their notices, and once if it could", async () => {
  await using sink = await HttpSink.start();
  await configure({ hook: hook(sink) });
  const file = join(daemon.world.stateDir, "notices.ndjson");
  await until(() => expect(readFileSync(file, "utf8")).toContain("after"));
  const before = readFileSync(file, "utf8");
  const failed = await daemon.submit("work", { params: { fails: true } });
  const failure = ["liveops.failed", failed.id];
  await until(() => expect(of(sink)).toEqual([failure]));
  const question = ["liveops.approval", (await daemon.submit("asks", {})).id];
  await until(() => expect(of(sink)).toEqual([failure, question]));
  await daemon.kill();
  // As after a power cut: the lines since then are lost.
  writeFileSync(file, before);
  await daemon.startAgain();
  await until(() => expect(of(sink).slice(2).sort()).toEqual([question, failure]));
  const [first, ...others] = sink.bodies("/hook").filter(({ type }) => type === "liveops.failed");
  expect(others.map(({ id }) => id)).toEqual([first.id]);
  await until(() => expect(readFileSync(file, "utf8")).toContain("gone"));
  await until(async () => expect((await client.daemon()).channels).toMatchObject([{ waiting: 0 }]));
  await daemon.kill();
  await daemon.startAgain();
  const second = await daemon.submit("asks", {});
  await until(() => expect(of(sink).slice(4)).toEqual([["liveops.approval", second.id]]));
});

test("a flood is one summary", async () => {
  await using sink = await HttpSink.start();
  // Until all have failed: a busy machine may take longer than a notice waits for others.
  sink.answer = { status: 503, body: "" };
  await configure({ hook: hook(sink) });
  const bodies = Array.from({ length: 6 }, () => ({ op: "work", params: { fails: true } }));
  const all = await client.submit(bodies, "flood");
  for (const { id } of all) await daemon.untilFinished(id);
  sink.answer = { status: 200, body: "" };
  const summaries = () => sink.bodies("/hook").filter(({ type }) => type === "liveops.summary");
  await until(() => expect(summaries().at(-1)?.data.notices).toHaveLength(6));
  const { data } = summaries().at(-1)!;
  expect(data.title).toMatch(/^6 notices from .*: 6 failed$/);
  const told = data.notices.map(({ operation }: { operation: { id: string } }) => operation.id);
  expect(told.sort()).toEqual(all.map(({ id }) => id).sort());
  await until(async () => expect((await client.daemon()).channels).toMatchObject([{ waiting: 0, sent: 6 }]));
});

test("a restart adds and removes channels; a secret that is missing is said before the first notice", async () => {
  await using sink = await HttpSink.start();
  await configure({});
  const old = await daemon.submit("work", { params: { fails: true } });
  await daemon.untilFinished(old.id);
  const file = join(world.stateDir, "notices.ndjson");
  expect(existsSync(file)).toBe(false);
  const secret = { url: `${sink.url}/signed`, secret: "env:NOT_THERE" };
  await restart({ notify: { hook: hook(sink), signed: { webhook: secret } } });
  expect((await client.daemon()).channels).toMatchObject([
    { channel: "hook", problem: null },
    { channel: "signed", problem: expect.stringMatching(/no variable NOT_THERE/) },
  ]);
  expect(await client.testChannel("hook")).toEqual({ problem: null });
  expect(await client.testChannel("signed")).toEqual({ problem: expect.stringMatching(/NOT_THERE/) });
  await expect(client.testChannel("hok")).rejects.toMatchObject({
    code: "LIVEOPS_NO_SUCH_CHANNEL",
    message: expect.stringMatching(/channels: hook, signed; .*liveops restart$/),
  });
  const { id } = await daemon.submit("work", { params: { fails: true } });
  await until(() =>
    expect(of(sink)).toEqual([
      ["liveops.test", undefined],
      ["liveops.failed", id],
    ]),
  );
  await restart({});
  expect((await client.daemon()).channels).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test("silence is told", async () => {
  await using sink = await HttpSink.start();
  await configure({ hook: hook(sink) }, { stallAfter: 1 });
  const file = join(daemon.world.dir, "go");
  const { id } = await daemon.submit("work", { params: { file } });
  await until(() => expect(of(sink)).toEqual([["liveops.stalled", id]]));
  expect(sink.bodies("/hook")[0].data).toMatchObject({
    title: "Stalled: Work",
    reason: [expect.stringMatching(/^it has reported nothing for 1 s/), "stage Second (2 of 2)"],
  });
  writeFileSync(file, "");
  await daemon.untilFinished(id);
});

test("a daemon whose state is removed tells that before it ends", async () => {
  await using sink = await HttpSink.start();
  await using daemon = await TestDaemon.start({ ops: OPS, config: { notify: { hook: hook(sink) } } });
  // The daemon may write a file meanwhile.
  rmSync(daemon.world.stateDir, { recursive: true, force: true, maxRetries: 5 });
  expect((await daemon.exited()).code).not.toBe(0);
  expect(sink.bodies("/hook")).toMatchObject([
    { type: "liveops.trouble", data: { reason: [expect.stringContaining("state directory")] } },
  ]);
});
