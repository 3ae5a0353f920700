/**
 * The built `liveops-tui` on a real pty: keys, sizes, and the terminal as it was after every way
 * out.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { until } from "../../end-to-end/until.js";
import { type OnTerminal, onPty, plainEnv, preloaded } from "../../harness/on-pty.js";
import { temporaryDirectory } from "../../harness/temporary.js";
import { KEY } from "./open.js";
import { backup, failed, queued, whyFailed } from "./operations.js";
import { World } from "./world.js";

const BIN = fileURLToPath(new URL("../../../dist/bin/liveops-tui.cjs", import.meta.url));

function run(words: string[], { env = {}, preload = "" } = {}): OnTerminal {
  const line = [...preloaded(preload), BIN, ...words];
  const running = onPty(process.execPath, line, { env: { ...plainEnv(), ...env } });
  return {
    ...running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      expect(running.screen.faults).toEqual([]);
    },
  };
}

async function busyWorld(): Promise<World> {
  const world = await World.start();
  for (const record of [backup(), queued(), failed()]) world.put(record);
  return world;
}

async function restored({ screen, exited }: OnTerminal): Promise<number> {
  const code = await exited;
  expect(screen.alternate).toBe(false);
  expect(screen.cursorShown).toBe(true);
  for (const back of ["\x1b[?1004l", "\x1b[23;2t"])
    expect(screen.written.lastIndexOf(back)).toBeGreaterThan(
      screen.written.lastIndexOf("\x1b[?1004h"),
    );
  expect(screen.written.lastIndexOf("\x1b[?2004l")).toBeGreaterThan(
    screen.written.lastIndexOf("\x1b[?2004h"),
  );
  return code;
}

test("keys, a hand-over of size, and q", async () => {
  await using world = await busyWorld();
  await using running = run(["--socket", world.socket]);
  await running.screen.until("Fails at an item");
  running.press(KEY.down);
  await running.screen.until("▌ ○ make -j4");
  running.press("j");
  await running.screen.until("row 7 of 10 has no price");
  running.resize(40, 15);
  await running.screen.until((text) => text.includes("▌ ✗ Fails") && text.includes("─ Operations"));
  running.press(KEY.enter);
  await running.screen.until("row 7 of 10 has no");
  running.resize(120, 40);
  await running.screen.until("─ Finished");
  running.press("q");
  expect(await restored(running)).toBe(0);
});

/** Whether a thread of the process waits until its terminal takes more. */
function waitsForTerminal(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).some((task) => {
    try {
      return readFileSync(join(tasks, task, "stack"), "utf8").includes("tty_write");
    } catch {
      // The thread has ended.
      return false;
    }
  });
}

test("SIGTERM ends it though nobody reads its terminal", async () => {
  await using world = await busyWorld();
  await using running = run(["--socket", world.socket]);
  await running.screen.until("Fails at an item");
  running.freeze();
  // More frames than the terminal takes: each resize draws one.
  let n = 0;
  await until("a write waits", () => {
    running.resize(100 - (n++ % 2), 30);
    return waitsForTerminal(running.pid);
  });
  process.kill(running.pid, "SIGTERM");
  await until("it ends", () => !existsSync(`/proc/${running.pid}`));
});

test("the config: other keys; e opens the log, or the source of an error, in $EDITOR", async () => {
  using dir = temporaryDirectory();
  const config = join(dir.path, "config.json");
  writeFileSync(config, JSON.stringify({ keys: { queues: "V" } }));
  const source = join(dir.path, "sync.ts");
  writeFileSync(source, "throw new Error();\n");
  const editor = join(dir.path, "editor");
  writeFileSync(editor, `#!/bin/sh\necho "$@" >> '${dir.path}/words'\n`, { mode: 0o755 });
  const wordsFile = join(dir.path, "words");
  // The shell makes the file before it writes.
  const words = () =>
    (existsSync(wordsFile) ? readFileSync(wordsFile, "utf8") : "").split("\n").slice(0, -1);
  await using world = await World.start();
  const error = {
    code: "X",
    message: "no price",
    stack: `Error: no price\n    at Sync.run (${source}:1:7)`,
  };
  world.put(backup({ logLines: 0 }));
  const it = failed({ error });
  world.put(it);
  world.whys.set(
    it.id,
    whyFailed(it, { place: { file: source, line: 1 }, source: { from: 1, lines: ["x"] } }),
  );
  for (let n = 1; n <= 60; n++) world.log(backup().id, `line ${n} of the log`);
  const env = { LIVEOPS_CONFIG: config, EDITOR: `${editor} --flag`, VISUAL: "" };
  await using running = run(["--socket", world.socket], { env });
  await running.screen.until("line 60 of the log");
  running.press("j");
  // The source is known once the reply of `why` is here.
  await running.screen.until("▸ sync.ts:1");
  running.press("e");
  await until("the editor has the source", () => words().length === 1);
  expect(words()).toEqual([`--flag +1 ${source}`]);
  await running.screen.until((text) => running.screen.alternate && text.includes("▌ ✗ Fails"));
  running.press("Q");
  running.press("V");
  await running.screen.until("─ Queues");
  running.press(KEY.escape);
  await running.screen.until((text) => !text.includes("─ Queues"));
  running.press("k");
  await running.screen.until("▌ ▲ nightly");
  running.press("e");
  await until("the editor has the log", () => words().length === 2);
  expect(words()[1]).toMatch(/^--flag .*\.log$/);
  running.press("q");
  expect(await restored(running)).toBe(0);
});

describe("the terminal is given back", () => {
  test.each([
    ["SIGTERM", 130],
    ["SIGHUP", 130],
    ["SIGINT", 130],
  ] as const)("after %s", async (signal, code) => {
    await using world = await busyWorld();
    await using running = run(["--socket", world.socket]);
    await running.screen.until("Fails at an item");
    process.kill(running.pid, signal);
    expect(await restored(running)).toBe(code);
  });

  test("after an exception that nothing caught: the stack is told, exit 70", async () => {
    await using world = await busyWorld();
    const preload = `process.on("SIGUSR2", () => { throw new Error("broken on purpose"); });`;
    await using running = run(["--socket", world.socket], { preload });
    await running.screen.until("Fails at an item");
    process.kill(running.pid, "SIGUSR2");
    expect(await restored(running)).toBe(70);
    expect(running.screen.text()).toContain("broken on purpose");
  });
});

test("INK_SCREEN_READER, which Ink's own programs heed, is read aloud as well", async () => {
  await using world = await World.start();
  world.put(backup());
  await using running = run(["--socket", world.socket], { env: { INK_SCREEN_READER: "true" } });
  await running.screen.until("Connected: 1 running, 0 queued.");
  running.press("show\r");
  await running.screen.until("stage 2 of 3, Archive");
  running.press("quit\r");
  expect(await running.exited).toBe(0);
});

test("TERM=dumb is told and is no screen", async () => {
  await using world = await busyWorld();
  await using running = run(["--socket", world.socket], { env: { TERM: "dumb" } });
  await running.exited;
  expect(running.screen.written).toContain("TERM=dumb");
  expect(running.screen.written).not.toContain("\x1b[?1049h");
});

describe("without a terminal", () => {
  async function piped(
    words: string[],
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [BIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    const read = { stdout: "", stderr: "" };
    child.stdout.on("data", (data) => (read.stdout += data));
    child.stderr.on("data", (data) => (read.stderr += data));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, ...read };
  }

  test("nothing to watch is exit 2, with what to type", async () => {
    await using world = await World.start();
    const { code, stderr } = await piped(["--socket", world.socket]);
    expect(code).toBe(2);
    expect(stderr).toContain("liveops submit");
  });

  test("no daemon is exit 3", async () => {
    await using world = await World.start();
    await world.daemon.stop();
    expect((await piped(["--socket", world.socket])).code).toBe(3);
  });

  test("--help and --version answer, a wrong option is exit 2", async () => {
    expect(await piped(["--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Examples:"),
    });
    expect((await piped(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await piped(["--nonsense"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--nonsense"),
    });
    expect((await piped(["aaa", "bbb"])).code).toBe(2);
  });
});
