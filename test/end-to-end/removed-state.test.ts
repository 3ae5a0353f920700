/**
 * A state directory that is removed, moved or replaced under a running daemon ends the daemon and
 * what it runs.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Running } from "./bins.js";
import { processesOf } from "./processes.js";
import { until } from "./until.js";
import { World } from "./world.js";

const REASON = "was removed or replaced while the daemon ran";

let world: World;
beforeEach(() => {
  world = new World().make();
});
afterEach(() => world.close());

/**
 * A daemon with an operation that runs for ever, and a process that left the operation's session.
 */
async function _runningDaemon(): Promise<void> {
  await world.startDaemon();
  const id = await world.submit(
    "shell",
    "--",
    "sh",
    "-c",
    "setsid sleep 600 & echo ready; sleep 600",
  );
  await until("the operation runs", async () => (await world.lines(id)).includes("ready"));
}

/** A file that the daemon makes meanwhile keeps a directory from being removed. */
function removeState(): void {
  while (existsSync(world.state))
    rmSync(world.state, { recursive: true, force: true, maxRetries: 20, retryDelay: 5 });
}

async function nothingIsLeft(): Promise<void> {
  await until("every process has ended", () => processesOf(world.dir).length === 0);
  expect(readdirSync(join(world.socket, ".."))).toEqual([]);
}

test("removed while the daemon is stopped: the running operation ends itself, with all that it started", async () => {
  const script = 'setsid sleep 600 & echo ready; while :; do echo "$0"; sleep 0.1; done';
  await world.startDaemon();
  const id = await world.submit("shell", "--", "sh", "-c", script);
  await until("the operation runs", async () => (await world.lines(id)).includes("ready"));
  expect(await world.liveopsd(["stop"])).toMatchObject({ code: 0 });
  expect(processesOf(world.dir).some(({ command }) => command.includes("sleep 600"))).toBe(true);
  removeState();
  await until("every process has ended", () => processesOf(world.dir).length === 0);
  expect(existsSync(world.state)).toBe(false);
});

const SCRIPT = 'trap "" TERM; setsid sleep 600 & echo ready; while :; do sleep 1; done';

const OPERATION = ["shell", "--", "sh", "-c", SCRIPT];

/** Commands that wait, and how each shows that it does. */
const WAITING: Array<[words: string[], sign: "watches" | "ready"]> = [
  [["wait"], "watches"],
  [["watch"], "ready"],
  [["logs", "-f"], "ready"],
  [["submit", "--follow", ...OPERATION], "ready"],
  // The last: after its grace period the operation is killed, and the command ends.
  [["cancel", "--wait", "ID"], "watches"],
];

test("removed: nothing is left, the system's log has the reason, and every command that waits tells it, exit 3", async () => {
  const said = join(world.dir, "said");
  const logger = world.write("bin/logger", `#!/bin/sh\nprintf '%s\\n' "$@" >"${said}"\n`);
  chmodSync(logger, 0o700);
  const env = { PATH: `${dirname(logger)}:${world.env.PATH}` };
  await world.startDaemon(["--concurrency", "4"], { env });
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) ids.push(await world.submit("shell", ...OPERATION.slice(1)));
  for (const id of ids)
    await until("the operation runs", async () => (await world.lines(id)).includes("ready"));
  const watchers = async () => (await world.client.daemon()).watchers;
  const commands: Array<[name: string, command: Running]> = [];
  for (const [words, sign] of WAITING) {
    const before = await watchers();
    const command = world.start(
      "liveops",
      words.map((word) => (word === "ID" ? ids[0]! : word)),
    );
    if (sign === "ready") await command.says("stdout", "ready");
    else await until("the command has its stream", async () => (await watchers()) > before);
    commands.push([words.slice(0, 2).join(" "), command]);
  }
  removeState();
  const reason =
    `liveops: the state directory ${world.state} was removed or replaced, which ends its daemon and operations\n` +
    "if the directory was moved, put it back; then run: liveops start\n";
  for (const [name, command] of commands) {
    const { code, stderr } = await command.ended;
    expect(stderr.slice(-reason.length), name).toBe(reason);
    expect(stderr, name).not.toContain("Reconnecting");
    expect(code, name).toBe(3);
  }
  await nothingIsLeft();
  expect(existsSync(world.state)).toBe(false);
  expect(readFileSync(said, "utf8")).toBe(
    `-t\nliveopsd\n-p\ndaemon.err\n--\nstopped: the state directory ${world.state} ${REASON}, so new operations ` +
      "would be lost; put it back if it was moved, then run: liveops start\n",
  );
}, 60_000);
