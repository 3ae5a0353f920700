/**
 * `liveopsd` as a user types it: start, race, stop, adopt, restart, status; and what it leaves on
 * the disk.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isAlive, processesOf } from "./processes.js";
import { until } from "./until.js";
import { useWorld, World } from "./world.js";

async function emptyWorld(): Promise<World> {
  const world = new World().make();
  onTestFinished(() => world.close());
  return world;
}

test("a daemon that Node aborts for lack of a thread: exit 70, one line with what to do, no stack", async () => {
  const world = await emptyWorld();
  // As the abort of a Node that gets no thread.
  const abort = 'if(process.argv.includes("--foreground"))process.abort()';
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(abort)}` };
  const { code, stderr } = await world.liveopsd(["start"], { env });
  expect(code).toBe(70);
  expect(stderr).toMatch(
    /^liveopsd: the daemon did not start: .*SIGABRT.*ulimit -u.*then: liveops start\n$/,
  );
});

test("five starters at once leave one daemon, and every one of them succeeds", async () => {
  const world = await emptyWorld();
  const all = await Promise.all(Array.from({ length: 5 }, () => world.liveopsd(["start"])));
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  const { pid } = await world.client.daemon();
  for (const { stderr } of all) expect(stderr).toContain(`pid ${pid}`);
  const says = (text: string) => all.filter(({ stderr }) => stderr.includes(text)).length;
  expect([says("liveopsd: started"), says("liveopsd: already running")]).toEqual([1, 4]);
  const daemons = () =>
    processesOf(world.dir).filter(({ command }) => command.includes("start --foreground"));
  // Those that lost have said so, and take a moment to end.
  await until(
    "one is left",
    () => daemons().length === 1,
    () => JSON.stringify(daemons()),
  );
  expect(daemons().map((daemon) => daemon.pid)).toEqual([pid]);
});

test("--foreground stays, ends on SIGTERM with 0 and takes its socket with it", async () => {
  const world = await emptyWorld();
  const daemon = world.start("liveopsd", ["start", "--foreground"]);
  await until("it answers", () => world.client.daemon().catch(() => null));
  daemon.signal("SIGTERM");
  expect(await daemon.ended).toMatchObject({ code: 0, signal: null });
  expect(existsSync(world.socket)).toBe(false);
});

describe("one daemon", () => {
  const world = useWorld({ words: ["--concurrency", "3"] });

  test("is the user's alone: directories 0700, files 0600, the socket 0600", async () => {
    const id = await world.submit("shell", "args=true");
    await world.finished(id);
    const modes: Record<string, string> = {};
    const visit = (path: string) => {
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (!stat) return;
      const wanted = stat.isDirectory() ? 0o700 : 0o600;
      if ((stat.mode & 0o777) !== wanted)
        modes[path.slice(world.dir.length)] = (stat.mode & 0o777).toString(8);
      if (stat.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
    };
    visit(world.state);
    visit(join(world.dir, "run", "liveops"));
    expect(modes).toEqual({});
    expect(lstatSync(world.socket).isSocket()).toBe(true);
  });

  test("tells its status, for people and as one JSON value", async () => {
    const text = await world.liveopsd(["status"]);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toContain("at most 3 operations at a time");
    const json = await world.liveopsd(["status", "--json"]);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect(json.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      socket: world.socket,
      stateDir: world.state,
      concurrency: 3,
      counts: { queued: 0, running: 0, succeeded: 1, failed: 0, cancelled: 0 },
      problems: [],
    });
  });

  // Its time is as long as a daemon that is not there would be waited for.
  test("refuses a second one on its state dir, by another socket, at once with who has it", {
    timeout: 15_000,
  }, async () => {
    const { pid } = await world.client.daemon();
    const socket = join(world.dir, "other.sock");
    for (const flags of [[], ["--foreground"]]) {
      const other = await world.liveopsd(["start", ...flags, "--socket", socket]);
      expect(other).toMatchObject({ code: 5, stdout: "" });
      expect(other.stderr).toContain(
        `Not started: another daemon uses the state directory ${world.state}: pid ${pid}, which answers on ${world.socket};`,
      );
      expect(other.stderr).toContain(`liveops stop --socket ${world.socket} stops it`);
      expect(existsSync(socket)).toBe(false);
    }
    expect((await world.client.daemon()).pid).toBe(pid);
    await world.liveopsd(["stop"]);
    expect(await world.liveopsd(["start", "--socket", socket])).toMatchObject({ code: 0 });
    expect(await world.liveopsd(["stop", "--socket", socket])).toMatchObject({ code: 0 });
  });

  test("has its log printed, also when it is dead", async () => {
    const { code, stdout } = await world.liveopsd(["logs"]);
    expect(code).toBe(0);
    expect(stdout).toContain("liveopsd is listening");
    expect(stdout).toContain("liveopsd is stopping");
    const none = { env: { LIVEOPS_STATE_DIR: join(world.dir, "none") } };
    expect((await world.liveopsd(["logs"], none)).code).toBe(4);
  });
});

test("stop says what goes on; the next daemon takes it up, and finishes what ended meanwhile, on attempt 1", async () => {
  const world = await emptyWorld();
  world.takeOperations("gate");
  await world.startDaemon();
  const submit = async (gate: string) => {
    const id = await world.submit("gate", `file=${join(world.dir, gate)}`);
    await world.record(id, ({ currentStage }) => currentStage === 1);
    return id;
  };
  const [early, late] = [await submit("early"), await submit("late")];
  const [worker] = /\d+$/.exec((await world.lines(early))[0]!)!;
  const stopped = await world.liveopsd(["stop"]);
  expect(stopped.code).toBe(0);
  expect(stopped.stderr).toContain("2 running operations continue without the daemon");
  expect(stopped.stderr).toContain("chains and queued operations wait for the next liveops start");
  expect(stopped.stderr).toContain("liveops stop --now");
  expect(existsSync(world.socket)).toBe(false);
  world.write("early", "");
  await until("its worker ended", () => !isAlive(Number(worker)));
  await world.startDaemon();
  expect((await world.client.show(late)).state).toBe("running");
  world.write("late", "");
  for (const id of [early, late])
    expect(await world.finished(id)).toMatchObject({ state: "succeeded", attempt: 1 });
});

test("restart: another process, the same flags, and what runs goes on; stop --now cancels it, and not what is queued", async () => {
  const world = await emptyWorld();
  world.takeOperations("gate");
  mkdirSync(join(world.work, "mine"));
  await world.startDaemon(["--ops", "mine", "--concurrency", "1"]);
  const before = await world.client.daemon();
  const running = await world.submit("gate", `file=${join(world.dir, "gate")}`);
  await world.record(running, ({ currentStage }) => currentStage === 1);
  const queued = await world.submit("shell", "args=true");
  const restarted = await world.liveopsd(["restart"], { cwd: world.dir });
  expect(restarted).toMatchObject({ code: 0, stdout: "" });
  expect(restarted.stderr).toContain("kept 1 running operation");
  const after = await world.client.daemon();
  expect(after.pid).not.toBe(before.pid);
  await until("the old one ends", () => !isAlive(before.pid));
  expect(after).toMatchObject({ concurrency: 1, opsDirs: before.opsDirs, socket: before.socket });
  expect(await world.client.show(running)).toMatchObject({ state: "running", attempt: 1 });

  const stopped = await world.liveopsd(["stop", "--now"]);
  expect(stopped.code).toBe(0);
  expect(stopped.stderr).toContain("1 running operation cancelled");
  await until("every process ends", () => processesOf(world.dir).length === 0);
  await world.startDaemon();
  expect(await world.client.show(running)).toMatchObject({ state: "cancelled", attempt: 1 });
  expect(await world.finished(queued)).toMatchObject({ state: "succeeded", attempt: 1 });
});
