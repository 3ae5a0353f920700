/** No process of an operation survives the operation's cancel, whatever it does to escape. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Cgroup } from "../../daemon/os/cgroup.js";
import { ownCgroup } from "../../daemon/os/cgroup-base.js";
import { newId } from "../../protocol/id.js";
import { isAlive, processesOf } from "../end-to-end/processes.js";
import type { TestDaemon } from "../harness/daemon.js";
import { canHide, withPs } from "../harness/hidden-proc.js";
import { World } from "../harness/world.js";
import { patience } from "./mode.js";
import { eventually, inStage, operations, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

const base = cgroupForTests();

/** Each containment that this machine has. */
const CONTAINMENTS = ["process sweep", ...(base === null ? [] : ["cgroup"])];
const BY_PS = "process sweep by ps";

const WAYS = [
  "env -i setsid",
  "double fork",
  "double fork without the mark",
  "restarts",
  "forks on and on",
  "forks on and on without the mark",
  "forks on and on in new sessions",
];

/** A cgroup of our own, where this process may make one. */
function cgroupForTests(): string | null {
  const [cgroup, mountinfo] = ["cgroup", "mountinfo"].map((name) => textOf(`/proc/self/${name}`));
  const own = ownCgroup(cgroup!, mountinfo!);
  if (own === null || process.geteuid?.() !== 0) return null;
  const dir = join(own, `liveops-test-${newId()}`);
  try {
    mkdirSync(join(dir, "daemon"), { recursive: true });
    return dir;
  } catch {
    return null;
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function startIn(containment: string): Promise<TestDaemon> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-containment-"));
  directories.push(dir);
  return startDaemon(["escapes"], { concurrency: 4, enter: wordsInto(containment, dir) });
}

function wordsInto(containment: string, dir: string): string[] {
  if (containment === BY_PS) return withPs(dir);
  return containment === "cgroup"
    ? ["sh", "-c", `echo $$ > "${base}/daemon/cgroup.procs" && exec "$@"`, "sh"]
    : [];
}

/** Those of the file's processes that live. A pid may be another process's by now. */
function living(file: string): number[] {
  const pids = existsSync(file)
    ? readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number)
    : [];
  return pids.filter((pid) => {
    const command = textOf(`/proc/${pid}/cmdline`) ?? "";
    return (command.includes(file) || command.startsWith("sleep")) && isAlive(pid);
  });
}

/**
 * Fails where one lives, or a chain of them goes on: one look may miss its only process, so many do
 * not.
 */
async function expectNone(file: string): Promise<void> {
  // One that was killed takes a moment to end.
  await eventually(
    "all have ended",
    () => living(file).length === 0 && processesOf(file).length === 0,
    () => processesOf(file),
    ENDING_MS,
  );
  for (let look = 0; look < 20; look++) expect(processesOf(file)).toEqual([]);
}

/** Many processes at once on a machine that has other work, in ms. */
const PATIENCE = patience(120_000);
vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });

/** A chain of 20,000 processes takes longer. */
const ENDING_MS = 2000;

const directories: string[] = [];

afterAll(async () => {
  for (const dir of directories) rmSync(dir, { recursive: true, force: true });
  if (base === null) return;
  // A daemon that stops leaves the empty cgroups of its last workers to the next one.
  await eventually("no process is in the cgroup of the tests", () => new Cgroup(base).remove());
});

describe.each(CONTAINMENTS)("%s", escapes);
describe.skipIf(!canHide)(BY_PS, { tags: ["ps"] }, () => escapes(BY_PS));

function escapes(containment: string): void {
  let daemon: TestDaemon;
  // A chain of processes, each of which ends at once, is quicker than ps where no group holds it.
  const byPs = containment === BY_PS;
  const ways = WAYS.filter((way) => !byPs || !/^forks .* (without|in)/.test(way));
  beforeAll(async () => {
    daemon = await startIn(containment);
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  async function escaping(
    name: string,
    params: Record<string, unknown>,
  ): Promise<{ id: string; pids: string }> {
    const pids = join(daemon.world.dir, `pids-${name.replaceAll(" ", "-")}.list`);
    const { id } = await daemon.submit("escapes", { params: { pids, ...params } });
    await eventually(`${name} has started`, () => existsSync(pids));
    return { id, pids };
  }

  test("the containment in use is reported", async () => {
    const { containment: told } = await daemon.client.daemon();
    const kind = containment.replace(" by ps", "");
    expect(told).toMatchObject({ kind, cgroup: containment === "cgroup" ? base : null });
  });

  test("nothing survives a cancel, however it tries to get away", async () => {
    await Promise.all(
      ways.map(async (way) => {
        const { id, pids } = await escaping(way, { way });
        await daemon.client.cancel(id);
        expect((await untilFinished(daemon, id)).state, way).toBe("cancelled");
        await expectNone(pids);
      }),
    );
    record({
      fault: `escapes from a ${containment}`,
      injected: ways.length,
      survived: ways.length,
      lost: 0,
      duplicated: 0,
    });
  });

  test("nothing survives the kill of an operation that does not stop", async () => {
    await Promise.all(
      ["env -i setsid", byPs ? "forks on and on" : "forks on and on in new sessions"].map(
        async (way) => {
          const { id, pids } = await escaping(`ignores ${way}`, { way, ignores: true });
          await daemon.client.cancel(id);
          expect((await untilFinished(daemon, id)).state, way).toBe("cancelled");
          await expectNone(pids);
        },
      ),
    );
  });

  test("code of an operation does not take the mark from what it starts", async () => {
    const { id, pids } = await escaping("unmarked", {
      way: "double fork",
      marked: false,
      ends: "dies",
    });
    expect(await untilFinished(daemon, id)).toMatchObject({
      state: "failed",
      error: { code: "LIVEOPS_WORKER_LOST" },
    });
    await expectNone(pids);
  });

  test("what a failed operation left running ends, and a worker adopted by the next daemon is contained", async () => {
    const failing = await escaping("failing", { way: "double fork", ends: "fails" });
    expect((await untilFinished(daemon, failing.id)).state).toBe("failed");
    await eventually("what it left has ended", () => living(failing.pids).length === 0);

    const { id, pids } = await escaping("adopted", { way: "env -i setsid" });
    await inStage(daemon, id, "Wait");
    await daemon.kill();
    await daemon.startAgain();
    await daemon.client.cancel(id);
    expect((await untilFinished(daemon, id)).state).toBe("cancelled");
    await expectNone(pids);
  });

  // Only Linux has such an order.
  test.skipIf(byPs)("operations are ended before the daemon where memory is short", async () => {
    const { id } = await escaping("score", { way: "env -i setsid" });
    const score = (pid: number) => Number(textOf(`/proc/${pid}/oom_score_adj`));
    expect(score(await inStage(daemon, id, "Wait"))).toBeGreaterThan(score(daemon.pid));
    await daemon.client.cancel(id);
    await untilFinished(daemon, id);
  });

  test("empty cgroups are removed", async () => {
    if (containment !== "cgroup") return;
    await eventually("only the workers that live have one", () => {
      const names = readdirSync(base!).filter((name) => name.startsWith("liveops-"));
      return (
        names.length > 0 && names.every((name) => textOf(join(base!, name, "cgroup.procs")) !== "")
      );
    });
  });
}

test("nothing survives the cancel of liveops run, nor the kill of it", async () => {
  const world = new World(operations("escapes"));
  directories.push(world.dir);
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const pids = join(world.dir, `pids-${signal}.list`);
    const words = ["run", "escapes", "way=env -i setsid", `pids=${pids}`];
    const child = spawn(process.execPath, [world.bin("liveops"), ...words], {
      env: world.env,
      stdio: "ignore",
    });
    await eventually("it has started", () => existsSync(pids) && living(pids).length > 0);
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    // After the kill the guard gives the operation its grace period of a second.
    const ms = signal === "SIGINT" ? ENDING_MS : 20_000;
    await eventually(
      "all have ended",
      () => living(pids).length === 0,
      () => living(pids),
      ms,
    );
  }
  await world.close();
});

test("a submitted environment cannot set the mark", async () => {
  await using daemon = await startIn("process sweep");
  const params = { way: "double fork", pids: join(daemon.world.dir, "pids.list") };
  await expect(
    daemon.submit("escapes", { params, env: { LIVEOPS_WORKER: "nobody" } }),
  ).rejects.toMatchObject({
    code: "LIVEOPS_BAD_REQUEST",
    message: expect.stringContaining("env.LIVEOPS_WORKER: the name is reserved for liveops"),
  });
});
