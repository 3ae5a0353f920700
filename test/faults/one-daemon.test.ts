/**
 * One daemon for each state directory and socket, after any crash; no daemon in a place of another
 * user.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Client } from "../../protocol/client/client.js";
import type { Ended } from "../end-to-end/bins.js";
import { isAlive } from "../end-to-end/processes.js";
import { World } from "../harness/world.js";
import { counts } from "./mode.js";
import { runBin } from "./run-bin.js";
import { eventually } from "./start.js";
import { record } from "./tally.js";

const STARTERS = 20;

/** A world whose daemon is started by `liveops start`, as a user does; at the end it is stopped. */
class Place implements AsyncDisposable {
  readonly world = new World();
  readonly client = new Client(this.world.socket);

  liveopsd(...words: string[]): Promise<Ended> {
    return runBin(this.world, "liveopsd", words);
  }

  daemons(): number[] {
    return this.world
      .processes()
      .filter(
        (pid) => isAlive(pid) && commandLine(pid).includes("liveopsd.cjs start --foreground"),
      );
  }

  async killDaemon(): Promise<void> {
    const { pid } = await this.client.daemon();
    process.kill(pid, "SIGKILL");
    await eventually("the daemon is dead", () => !isAlive(pid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.liveopsd("stop", "--now");
    await this.world.close();
  }
}

test("twenty racing starts leave exactly one daemon, and all of them succeed", async () => {
  await using place = new Place();
  for (let round = 0; round < counts(1, 5); round++) {
    const ended = await Promise.all(
      Array.from({ length: STARTERS }, () => place.liveopsd("start")),
    );
    const answers = (await place.client.daemon()).pid;
    expect(ended.filter(({ code }) => code !== 0)).toEqual([]);
    expect(place.daemons()).toEqual([answers]);
    record({ fault: "racing starts", injected: STARTERS, survived: 1, lost: 0, duplicated: 0 });
    // The next round finds a dead daemon's socket and locks.
    await place.killDaemon();
  }
  await place.liveopsd("start");
}, 60_000);

test("a dead daemon's socket and lock files, or others' in their place, do not block a start", async () => {
  await using place = new Place();
  const { stateDir, socket } = place.world;
  await place.liveopsd("start");
  const locks = [join(stateDir, "liveopsd.lock"), `${socket}.lock`];
  const left: Array<[string, () => void]> = [
    ["as the daemon left them", () => {}],
    [
      "locks that are no databases",
      () => {
        for (const lock of locks) writeFileSync(lock, "1234\n");
      },
    ],
    [
      "a file where the socket was",
      () => {
        rmSync(socket);
        writeFileSync(socket, "");
      },
    ],
    ["a half-made socket", () => writeFileSync(`${socket}.new`, "")],
  ];
  for (const [what, leave] of left) {
    await place.killDaemon();
    expect(existsSync(socket), what).toBe(true);
    leave();
    const started = await place.liveopsd("start");
    expect(started, `${what}: ${started.stderr}`).toMatchObject({ code: 0 });
    expect(lstatSync(socket).isSocket(), what).toBe(true);
    expect((await place.client.daemon()).problems, what).toEqual([]);
    record({
      fault: `start after a crash: ${what}`,
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  }
});

test("a state dir that others may write, or that is someone else's, is refused with the reason", async () => {
  await using place = new Place();
  const open = join(place.world.dir, "open");
  mkdirSync(open);
  chmodSync(open, 0o770);
  const refused = await place.liveopsd("start", "--state-dir", open);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("may be written by others");
  expect(refused.stderr).toContain(`chmod 700 ${open}`);
  expect(readdirSync(open)).toEqual([]);

  const foreign = await place.liveopsd("start", "--state-dir", foreignDirectory(place.world.dir));
  expect(foreign.code).toBe(2);
  expect(foreign.stderr).toContain("belongs to another user");
});

test("a newer format is refused and not touched", async () => {
  await using place = new Place();
  const { stateDir } = place.world;
  mkdirSync(stateDir, { mode: 0o700 });
  writeFileSync(join(stateDir, "version.json"), '{"format":2}\n');
  writeFileSync(join(stateDir, "state.json"), "what only a newer one can read\n");
  const before = contents(stateDir);
  const refused = await place.liveopsd("start");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("newer liveops");
  expect(contents(stateDir)).toEqual(before);
});

/** One that belongs to someone else: made so where we may, else the system's. */
function foreignDirectory(dir: string): string {
  if (process.getuid?.() !== 0) return "/usr";
  const foreign = join(dir, "foreign");
  mkdirSync(foreign, { mode: 0o700 });
  chownSync(foreign, 4242, 4242);
  return foreign;
}

function contents(dir: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), "utf8")]),
  );
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
