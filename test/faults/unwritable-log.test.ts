/**
 * The daemon's log cannot be written, or grows without end: the daemon still answers, and reports
 * lost lines.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MOST_BYTES } from "../../daemon/log/daemon-log.js";
import { Client } from "../../protocol/client/client.js";
import { startBin } from "../end-to-end/bins.js";
import { TestDaemon } from "../harness/daemon.js";
import { useDirectories } from "../harness/temporary.js";
import { World } from "../harness/world.js";
import { runBin } from "./run-bin.js";
import { SmallDisk } from "./small-disk.js";
import { eventually, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

const directory = useDirectories();

/**
 * An operation file that prints so many lines while it is loaded; `mark` makes each edit another
 * file.
 */
const talking = (lines: number, mark: string, width = 180) => `
import { LiveOperation } from "liveops";
for (let n = 1; n <= ${lines}; n++) console.log("${mark} line " + n + " " + "x".repeat(${width}));
export class Talking extends LiveOperation { static stages = ["Talk"]; async run() {} }
`;

/** Has the daemon load the file, so that its log gets the lines. */
async function talk(daemon: TestDaemon, lines: number, mark: string, width = 180): Promise<void> {
  // A load that has begun would read the new file too, and print it twice.
  await daemon.client.types();
  daemon.world.writeOp("talking.mjs", talking(lines, mark, width));
  await daemon.client.types();
}

const logOf = (world: World) => join(world.stateDir, "liveopsd.log");
const textOf = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** Errors of writes by kind, injected into a daemon while it runs. */
class Failing {
  readonly #file = join(directory(), "failing");

  get env(): Record<string, string> {
    const preload = fileURLToPath(new URL("./failing-writes.mjs", import.meta.url));
    return { NODE_OPTIONS: `--import ${preload}`, LIVEOPS_TEST_FAILING: this.#file };
  }

  begin(codes: { log?: string; journal?: string }): void {
    writeFileSync(this.#file, JSON.stringify(codes));
  }

  end(): void {
    rmSync(this.#file);
  }
}

const ODD: Array<[string, (log: string) => void]> = [
  ["a pipe without a reader", (log) => execFileSync("mkfifo", [log])],
  ["a directory", (log) => mkdirSync(log)],
  ["a link to a device that is full", (log) => symlinkSync("/dev/full", log)],
];

test.each(ODD)(
  "a log that is %s: the daemon starts without it, works, and says so",
  async (_, make) => {
    await using daemon = await startDaemon(["gate"]);
    const { world } = daemon;
    await daemon.stop();
    rmSync(logOf(world));
    make(logOf(world));
    const started = await runBin(world, "liveopsd", ["start"]);
    expect(started).toMatchObject({ code: 0 });
    expect(started.stderr).toContain("the log cannot be written: ");
    const gate = join(world.dir, "gate");
    writeFileSync(`${gate}.1`, "");
    const { id } = await daemon.submit("gate", { params: { gate } });
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded" });
    expect((await daemon.client.daemon()).problems).toEqual([
      expect.stringContaining("the log cannot be written"),
    ]);
    const logs = await runBin(world, "liveopsd", ["logs"]);
    expect(logs.code).toBe(4);
    expect(await runBin(world, "liveopsd", ["stop"])).toMatchObject({ code: 0 });
    record({
      fault: "log that cannot be opened",
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  },
);

test.each(["ENOSPC", "EROFS", "EIO", "EBADF", "EAGAIN"])(
  "a log that fails with %s: lines are dropped, one line says how many, and the daemon answers",
  async (code) => {
    const failing = new Failing();
    await using daemon = await TestDaemon.start({ env: failing.env });
    await eventually("it logs", () =>
      textOf(logOf(daemon.world)).includes("liveopsd is listening"),
    );
    failing.begin({ log: code });
    await talk(daemon, 5, "dropped");
    await eventually("the problem is shown", async () => {
      const { problems } = await daemon.client.daemon();
      return problems.some((problem) => problem.includes(code));
    });
    expect(textOf(logOf(daemon.world))).not.toContain("dropped line");
    failing.end();
    await eventually(
      "the log works again",
      async () => (await daemon.client.daemon()).problems.length === 0,
    );
    await talk(daemon, 1, "written");
    await eventually("a line is written", () =>
      textOf(logOf(daemon.world)).includes("written line 1"),
    );
    const notes = textOf(logOf(daemon.world))
      .split("\n")
      .filter((line) => line.includes('"dropped":'))
      .map((line) => JSON.parse(line) as { dropped: number });
    expect(notes).toEqual([
      expect.objectContaining({ dropped: 5, msg: expect.stringContaining(code) }),
    ]);
    record({ fault: `log fails: ${code}`, injected: 1, survived: 1, lost: 0, duplicated: 0 });
  },
);

test("the disk of the log is full: the daemon answers, and writes again once there is room", async () => {
  await using disk = await SmallDisk.make(16);
  await using daemon = await startDaemon([], disk.place("state"));
  disk.fill();
  disk.topUp(join(disk.dir, "state", "liveopsd.log"));
  await talk(daemon, 50, "full");
  await eventually("lines are dropped", async () =>
    (await daemon.client.daemon()).problems.some((problem) =>
      problem.includes("the log cannot be written"),
    ),
  );
  disk.makeRoom();
  await eventually(
    "the log works again",
    async () => (await daemon.client.daemon()).problems.length === 0,
  );
  record({ fault: "log on a full disk", injected: 1, survived: 1, lost: 0, duplicated: 0 });
});

test("a state directory on a read-only file system: the start fails at once, with the reason", async () => {
  await using disk = await SmallDisk.make(16);
  const world = new World();
  const { enter, env } = disk.place("state");
  disk.makeReadOnly();
  const [command, ...words] = [...(enter ?? []), process.execPath, world.bin("liveopsd"), "start"];
  const failed = await new Promise<string>((resolve) => {
    try {
      execFileSync(command!, words, {
        env: { ...world.env, ...env },
        stdio: "pipe",
        timeout: 20_000,
      });
      resolve("it started");
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: Buffer };
      resolve(`exit ${status}: ${stderr}`);
    }
  });
  expect(failed).toMatch(/^exit 2: .*EROFS.*--state-dir/);
  await world.close();
});

test("journal and log both fail: the daemon stops, and says why on stderr", async () => {
  const failing = new Failing();
  await using daemon = await TestDaemon.start({ env: failing.env });
  failing.begin({ log: "EIO", journal: "EIO" });
  await daemon.submit("shell", { params: { args: ["true"] } }).catch(() => {});
  const { code, stderr } = await daemon.exited();
  expect(code).toBe(70);
  expect(stderr).toMatch(
    /liveopsd: stopped: the state directory .* cannot be read or written: EIO.*liveops start/,
  );
  failing.end();
  await daemon.startAgain();
  expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
  record({ fault: "journal and log fail", injected: 1, survived: 1, lost: 0, duplicated: 0 });
});

test("a foreground daemon whose stderr nobody reads: it works, and liveops stop ends it", async () => {
  const world = new World();
  const child = spawn(process.execPath, [world.bin("liveopsd"), "start", "--foreground"], {
    cwd: world.dir,
    env: world.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const client = new Client(world.socket);
  await eventually("it answers", () => client.daemon().catch(() => null));
  // More than the socket, the reader and the daemon keep between them.
  world.writeOp("talking.mjs", talking(10_000, "unread"));
  await client.types();
  await eventually("all of it is logged", () =>
    textOf(logOf(world)).includes("unread line 10000 "),
  );
  expect((await client.daemon()).pid).toBe(child.pid);
  expect(await runBin(world, "liveopsd", ["stop"])).toMatchObject({ code: 0 });
  expect((await ended)[0]).toBe(0);
  await world.close();
});

test("the log keeps its bound whatever operation files print, and logs -f follows over each new file", async () => {
  await using daemon = await TestDaemon.start();
  const { dir, env } = daemon.world;
  const follower = startBin("liveopsd", ["logs", "-f"], { cwd: dir, env });
  await follower.says("stdout", "liveopsd is listening");
  const rounds = 6;
  for (let round = 1; round <= rounds; round++) {
    await talk(daemon, 200, `round ${round}`, 20_000);
    await follower.says("stdout", `round ${round} line 200 `);
  }
  await follower.kill();
  const lines = follower.stdout.match(/round \d+ line \d+ /g) ?? [];
  expect(lines.length).toBe(rounds * 200);
  expect(new Set(lines).size).toBe(rounds * 200);
  const sizes = [logOf(daemon.world), `${logOf(daemon.world)}.1`].map(
    (file) => statSync(file).size,
  );
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MOST_BYTES);
  const printed = await runBin(daemon.world, "liveopsd", ["logs"]);
  expect(printed.stdout).toContain(`round ${rounds} line 1 `);
  record({ fault: "log rotated", injected: rounds, survived: rounds, lost: 0, duplicated: 0 });
});
