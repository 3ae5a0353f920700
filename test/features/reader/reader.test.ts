/** The dashboard for a screen reader: what is read, and what can be typed. */
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { Client } from "../../../protocol/client/client.js";
import { readAloud } from "../../../tui/features/reader/program.js";
import { ago, backup, failed, NOW, verify } from "../../tui/dashboard/operations.js";
import { World } from "../../tui/dashboard/world.js";

/** A reader on streams of its own: lines in, lines out. */
function reading(world: { socket: string }, id: string | null = null) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  let heard = "";
  const waiting = new Set<() => void>();
  stdout.on("data", (data) => {
    heard += data;
    for (const wake of waiting) wake();
  });
  let now = NOW;
  const client = Object.assign(new Client(world.socket), { now: () => now });
  const done = readAloud({ stdin, stdout, socket: world.socket, client, id, flags: {} });
  return {
    done,
    type: (line: string) => void stdin.write(`${line}\n`),
    heard: () => heard,
    wait(seconds: number) {
      now += seconds * 1000;
    },
    async until(text: string) {
      while (!heard.includes(text)) {
        await new Promise<void>((resolve) => waiting.add(resolve));
        waiting.clear();
      }
    },
    async [Symbol.asyncDispose]() {
      stdin.end();
      await done;
    },
  };
}

describe("what changes is read", () => {
  test("stages, warnings, the hand-over, the end and that of the chain, in words and without a sign", async () => {
    await using world = await World.start();
    world.put(backup());
    await using reader = reading(world);
    await reader.until("1 running");
    world.patch(backup().id, { untrackedStage: "Warm cache", percent: 70, progress: null });
    await reader.until("untracked stage Warm cache.");
    world.patch(backup().id, {
      currentStage: 2,
      untrackedStage: null,
      percent: 0,
      status: { text: "3 files changed", level: "warning" },
    });
    await reader.until("stage 3 of 3, Checksum.");
    world.patch(backup().id, { pause: { since: ago(0), seconds: 0, changes: 1 } });
    await reader.until("Back up a folder, nightly: paused.");
    world.patch(backup().id, { pause: { since: null, seconds: 0, changes: 2 } });
    await reader.until("Back up a folder, nightly: running.");
    await reader.until("warning: 3 files changed");
    world.patch(backup().id, { finishedAt: ago(5), result: { files: 3 } });
    world.handOver(backup().id, verify());
    await reader.until("Back up a folder, nightly: succeeded after 1m10s. Result: 3 files.");
    await reader.until("Verify a backup: started by Back up a folder, id verifybbbbbb.");
    await reader.until("Verify a backup: running.");
    world.patch(verify().id, { state: "succeeded", finishedAt: ago(-2) });
    await reader.until("Verify a backup: the chain of 2 succeeded after ");
    expect(reader.heard()).not.toContain(" percent");
    expect(reader.heard()).not.toMatch(/[\x1b●✓✗━○]/);
  });

  test("progress in one sentence each ten seconds, whatever runs, each operation in its turn", async () => {
    await using world = await World.start();
    const other = backup({ id: "otheraaaaaaa", label: "weekly", percent: 20 });
    world.put(backup());
    world.put(other);
    await using reader = reading(world);
    await reader.until("2 running");
    const sentences = () => reader.heard().match(/\w+: (?:about )?\d+ percent/g) ?? [];
    const both = async (percent: number) => {
      for (const id of [backup().id, other.id]) world.patch(id, { percent });
      world.patch(other.id, { status: { text: `at ${percent}`, level: "warning" } });
      await reader.until(`warning: at ${percent}`);
    };
    await both(50);
    expect(sentences()).toEqual([]);
    reader.wait(10);
    await both(51);
    await both(52);
    expect(sentences()).toHaveLength(1);
    reader.wait(10);
    await both(53);
    expect(new Set(sentences().map((sentence) => sentence.split(":")[0]))).toEqual(
      new Set(["nightly", "weekly"]),
    );
  });

  test("a question at once, also one that waits when the reader is opened", async () => {
    await using world = await World.start();
    world.put(
      backup({ waitingForInput: { prompt: "Name?", echo: true, number: 1, since: ago(9) } }),
    );
    await using reader = reading(world);
    await reader.until("Connected: 0 running, 0 queued, 1 to answer.");
    await reader.until(
      "Back up a folder, nightly: waits for you: Name?. In a shell: liveops attach backupaaaaaa.",
    );
  });

  test("with an id only its chain, first as it stands", async () => {
    await using world = await World.start();
    world.put(backup());
    world.put(failed());
    await using reader = reading(world, "backupaaa");
    await reader.until("stage 2 of 3, Archive, for 1m15s, about 47 percent");
    await reader.until("Connected");
    world.patch(failed().id, { state: "queued" });
    world.patch(backup().id, { cancelRequested: true });
    await reader.until("cancelling");
    expect(reader.heard()).not.toContain("Fails at an item");
  });

  test("an id that is none is told, with exit 4", async () => {
    await using world = await World.start();
    const reader = reading(world, "nosuch");
    expect(await reader.done).toBe(4);
    expect(reader.heard()).toContain("no operation nosuch");
  });

  test("where there is none it says so, and what starts one", async () => {
    await using world = await World.start();
    await world.daemon.stop();
    await using reader = reading(world);
    await reader.until("Start one with: liveops start");
    await world.daemon.listen();
    await reader.until("Connected");
  });

  test("a daemon that goes and comes back is told once each", async () => {
    await using world = await World.start();
    await using reader = reading(world);
    await reader.until("Connected");
    await world.daemon.stop();
    await reader.until("The daemon does not respond.");
    await world.daemon.listen();
    await reader.until("The daemon responds again.");
  });
});

describe("what is typed", () => {
  test("list, show, log, help; a word that is none", async () => {
    await using world = await World.start();
    world.put(backup());
    world.put(failed());
    world.log("failedcccccc", "loading", "row 7 has no price");
    await using reader = reading(world);
    await reader.until("Connected");
    reader.type("list");
    await reader.until("Fails at an item: failed after 10s: row 7 of 10");
    reader.type("log fail");
    await reader.until("row 7 has no price");
    reader.type("help");
    await reader.until("operations keep running");
    reader.type("jump");
    await reader.until("No command jump.");
  });

  test("show tells a question with its choices", async () => {
    await using world = await World.start();
    const question = {
      question: "Roll out?",
      choices: ["yes", "no"],
      stage: "Scan",
      occurrence: 1,
    };
    const asked = {
      ...question,
      default: null,
      attempt: 1,
      since: ago(9),
      until: null,
      answer: null,
    };
    const blocked = { reason: "approval", since: asked.since };
    world.put(backup({ state: "queued", blocked, approvals: [asked] }));
    await using reader = reading(world);
    await reader.until("Connected");
    reader.type("show backup");
    await reader.until(
      "waits for you: Roll out? (yes, no). In a shell: liveops approve backupaaaaaa",
    );
  });

  test("before the daemon has answered, nothing is said of its operations", async () => {
    await using reader = reading({ socket: "/no/such/socket" });
    reader.type("list");
    await reader.until("The daemon has not answered yet.");
  });

  test("cancel asks, and only yes cancels", async () => {
    await using world = await World.start();
    world.put(backup());
    world.daemon.on("POST", /\/cancel$/, (_asked, reply) =>
      reply.json(backup({ cancelRequested: true, seq: 50 })),
    );
    await using reader = reading(world);
    await reader.until("Connected");
    reader.type("cancel backup");
    await reader.until("Type yes. In a shell: liveops cancel backupaaaaaa");
    reader.type("no");
    await reader.until("Not done.");
    expect(world.daemon.asked.some(({ method }) => method === "POST")).toBe(false);
    reader.type("cancel backup");
    reader.type("yes");
    await world.daemon.request(({ method }) => method === "POST");
    await reader.until("cancelling");
  });

  test("quit leaves with 0", async () => {
    await using world = await World.start();
    const reader = reading(world);
    await reader.until("Connected");
    reader.type("quit");
    expect(await reader.done).toBe(0);
  });
});
