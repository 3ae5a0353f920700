/**
 * Programs on a terminal of their own (`tty`): attached to, answered, left, and taken up again
 * after a dead daemon.
 */
import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { binFile } from "./bins.js";
import { onTerminal } from "./terminal.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld();

const ASKS = 'stty size; read -p "Name? " name; echo "hello $name"; exit 3';
const DETACH = "\x10\x11";

const submit = (script: string) => world.submit("shell", "tty=true", `script=${script}`);
afterEach(() => world.quiet());

const waiting = (id: string) => world.record(id, ({ waitingForInput }) => waitingForInput !== null);
const attach = (id: string, ...words: string[]) =>
  onTerminal(world, "liveops", ["attach", id, ...words]);

describe("a program that asks", () => {
  test("is shown as waiting everywhere, and answered through attach, which ends with its exit code", async () => {
    const id = await submit(ASKS);
    const record = await waiting(id);
    expect(record).toMatchObject({ terminal: "the script", waitingForInput: { prompt: "Name?" } });
    expect((await world.liveops(["ls"])).stdout).toMatch(
      new RegExp(`${id} +shell +● waits for you`),
    );
    expect((await world.liveops(["show", id])).stdout).toContain(`(Name?): liveops attach ${id}`);
    const following = world.start("liveops", ["watch", id]);
    await following.says(
      "stderr",
      `waiting for input (Name?); answer it with: liveops attach ${id}`,
    );

    await using terminal = attach(id);
    // The output before the attach is there too.
    await terminal.screen.until(/40 120\s+Name\?/);
    terminal.press("bob\r");
    await terminal.screen.until("hello bob");
    await terminal.screen.until(`${id} failed: the script exited with 3`);
    expect(await terminal.exited).toBe(1);
    expect(terminal.screen.cursorShown).toBe(true);
    expect(await world.client.show(id)).toMatchObject({
      terminal: null,
      waitingForInput: null,
      result: { exitCode: 3 },
    });
    expect(await world.lines(id)).toEqual([`$ ${ASKS}`, "40 120", "Name? bob", "hello bob"]);
    expect((await following.ended).code).toBe(1);
  });

  test("is answered from the dashboard, which comes back", async () => {
    const id = await submit(`${ASKS.slice(0, -8)}; sleep 1000`);
    await waiting(id);
    await using terminal = onTerminal(world, "liveops-tui", [id]);
    const { screen } = terminal;
    await screen.until(/waits for you .*Name\?/);
    await screen.until("i answer");
    terminal.press("i");
    await screen.until((text) => !screen.alternate && text.includes("Name?"));
    terminal.press("ann\r");
    await screen.until("hello ann");
    terminal.press(DETACH);
    await screen.until((text) => screen.alternate && text.includes("i attach"));
    expect(await world.record(id, (record) => record.waitingForInput === null)).toMatchObject({
      state: "running",
    });
    terminal.press("q");
    expect(await terminal.exited).toBe(0);
    expect(screen.faults).toEqual([]);
  });

  test("is answered by piped input", async () => {
    const id = await submit('read -p "Sure? " x; test "$x" = yes');
    await waiting(id);
    expect(await world.liveops(["attach", id], { input: "yes\n" })).toMatchObject({ code: 0 });
    expect((await world.client.show(id)).state).toBe("succeeded");
  });

  test("still asks after kill -9 of the daemon; whoever is attached stays attached", async () => {
    const id = await submit(ASKS);
    await waiting(id);
    await using terminal = attach(id);
    await terminal.screen.until("Name?");
    await world.killDaemon();
    await terminal.screen.until("lost the daemon");
    await world.startDaemon();
    // The screen is drawn anew.
    await terminal.screen.until(
      (text) => text.includes("Name?") && !text.includes("lost the daemon"),
    );
    expect(await waiting(id)).toMatchObject({ state: "running", attempt: 1 });
    terminal.press("eve\r");
    await terminal.screen.until("hello eve");
    expect(await terminal.exited).toBe(1);
  });
});

test("detached, a program continues; and its size follows the last person", async () => {
  const id = await submit('trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done');
  await until("it takes signals", async () => (await world.lines(id)).includes("ready"));
  await using first = attach(id);
  await first.screen.until("30 110");
  first.resize(90, 25);
  await first.screen.until("25 90");
  first.press(DETACH);
  await first.screen.until(`detached; ${id} continues: attach again with liveops attach ${id}`);
  expect(await first.exited).toBe(0);
  expect(await world.client.show(id)).toMatchObject({ state: "running", waitingForInput: null });
  await using second = attach(id);
  await second.screen.until("30 110");
  second.press(DETACH);
  expect(await second.exited).toBe(0);
});

test("SIGTERM leaves the terminal as it was", async () => {
  const id = await submit("printf '\\033[?1049h\\033[?25l\\033[?1000h full screen'; sleep 1000");
  await using terminal = attach(id);
  await terminal.screen.until((text) => terminal.screen.alternate && text.includes("full screen"));
  process.kill(terminal.pid, "SIGTERM");
  expect(await terminal.exited).toBe(130);
  expect(terminal.screen.alternate).toBe(false);
  expect(terminal.screen.cursorShown).toBe(true);
  expect(terminal.screen.written.lastIndexOf("\x1b[?1000l")).toBeGreaterThan(
    terminal.screen.written.lastIndexOf("\x1b[?1000h"),
  );
});

test("3 MB reach the person and the log whole; a person who does not read holds nothing up", async () => {
  const file = join(world.dir, "go");
  const id = await submit(
    `echo ready; while ! test -e ${file}; do sleep 0.1; done; seq -f '%099.0f' 30000; echo "the end"`,
  );
  await world.record(id, ({ terminal }) => terminal !== null);
  const stopped = world.start("liveops", ["attach", id]);
  const reading = world.start("liveops", ["attach", id]);
  for (const person of [stopped, reading]) await person.says("stdout", "ready");
  stopped.signal("SIGSTOP");
  world.write("go", "");
  const { code, stdout } = await reading.ended;
  expect(code).toBe(0);
  // The lines are numbers: none is missing, and none is there twice.
  const numbers = stdout.match(/\d{99}/g)!.map(Number);
  expect(numbers).toEqual(Array.from({ length: 30_000 }, (_, n) => n + 1));
  expect(await world.client.show(id)).toMatchObject({ state: "succeeded", logLines: 30_003 });
  stopped.signal("SIGCONT");
  expect((await stopped.ended).code).toBe(0);
});

test("attach is refused where there is no terminal, with the reason", async () => {
  const without = await world.submit("shell", "--", "sleep", "1000");
  await world.inState(without, "running");
  const refused = await world.liveops(["attach", without]);
  expect(refused).toMatchObject({ code: 5, stdout: "" });
  expect(refused.stderr).toContain("none of its programs runs on a terminal now");
  await world.client.cancel(without);
  await world.finished(without);
  expect((await world.liveops(["attach", without])).stderr).toContain("it has been cancelled");
  await world.quiet();
  expect(await world.liveops(["attach"])).toMatchObject({ code: 4 });
});

describe("liveops run --tty", () => {
  test("the program has the person's terminal", async () => {
    const words = ["run", "--tty", "shell", `script=${ASKS}`];
    await using terminal = onTerminal(world, "liveops", words);
    await terminal.screen.until(/30 110\s+Name\?/);
    terminal.press("kim\r");
    await terminal.screen.until("hello kim");
    await terminal.screen.until("failed: the script exited with 3");
    expect(await terminal.exited).toBe(1);
  });

  test("Ctrl-C is a key of the program", async () => {
    // A key that comes before the shell waits is handled after the wait.
    const script = "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.1; done";
    const words = ["run", "--tty", "shell", `script=${script}`];
    await using terminal = onTerminal(world, "liveops", [...words, "--exit-status"]);
    await terminal.screen.until(/^ready/m);
    terminal.press("\x03");
    await terminal.screen.until("caught");
    expect(await terminal.exited).toBe(7);
  });

  test("piped input is typed, and its end is Ctrl-D", async () => {
    const words = ["run", "--tty", "shell", 'script=read x; echo "got $x"; cat; echo over'];
    const { code, stdout } = await world.liveops(words, { input: "one\ntwo\n" });
    expect(code).toBe(0);
    expect(stdout).toMatch(/got one\n(.*\n)*two\n(.*\n)*over\n/);
  });

  test("without the library, the error names what to install", async () => {
    const dist = join(world.dir, "elsewhere", "dist");
    cpSync(join(binFile("liveops"), "../.."), dist, { recursive: true });
    const { env, work } = world;
    const words = [join(dist, "bin/liveops.cjs"), "run", "--tty", "shell", "--", "true"];
    const failure = await promisify(execFile)(process.execPath, words, { cwd: work, env }).catch(
      (error: { code: number; stderr: string }) => error,
    );
    expect(failure).toMatchObject({ code: 1 });
    expect(failure.stderr).toContain("npm install @lydell/node-pty");
    expect(failure.stderr).toContain("(LIVEOPS_TTY_MISSING)");
  });
});
