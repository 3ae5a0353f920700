/**
 * A worker that dies in any way: the operation reports how, keeps its last output, and blocks no
 * other operation.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Cause } from "../../protocol/errors.js";
import { isAlive } from "../end-to-end/processes.js";
import type { TestDaemon } from "../harness/daemon.js";
import { FULL } from "./mode.js";
import {
  eventually,
  expectNoGap,
  inStage,
  recordThat,
  startDaemon,
  untilFinished,
  wholeLog,
} from "./start.js";
import { record } from "./tally.js";

const LAST_WORDS = [
  "said by p.log",
  "said by console.log",
  "said past JavaScript to stdout",
  "said past JavaScript to stderr",
  "last words",
];

interface Death {
  way: string;
  code: string;
  cause: Cause;
  message: RegExp;
}

const DEATHS: Death[] = [
  { way: "exit", code: "LIVEOPS_WORKER_LOST", cause: "exited", message: /exit code 3/ },
  { way: "SIGKILL", code: "LIVEOPS_WORKER_LOST", cause: "killed", message: /SIGKILL/ },
  {
    way: "SIGSEGV",
    code: "LIVEOPS_WORKER_LOST",
    cause: "segfault",
    message: /crashed \(SIGSEGV\)/,
  },
  { way: "abort", code: "LIVEOPS_WORKER_LOST", cause: "aborted", message: /SIGABRT/ },
  { way: "memory", code: "LIVEOPS_WORKER_LOST", cause: "out-of-memory", message: /out of memory/ },
  {
    way: "exception",
    code: "LIVEOPS_EXCEPTION",
    cause: "uncaught-exception",
    message: /^thrown in a timer$/,
  },
  {
    way: "rejection",
    code: "LIVEOPS_EXCEPTION",
    cause: "unhandled-rejection",
    message: /^rejected and forgotten$/,
  },
];

describe("with one slot", () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    // A small heap, so that running out of it is quick and takes nothing from the machine.
    daemon = await startDaemon(["dies", "gate"], {
      concurrency: 1,
      env: { NODE_OPTIONS: "--max-old-space-size=96" },
    });
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  test.each(DEATHS)(
    "a worker that ends by $way: the error says which, the last lines are kept, the slot is free",
    async ({ way, code, cause, message }) => {
      const { id } = await daemon.submit("dies", { params: { way } });
      const lost = await untilFinished(daemon, id);
      expect(lost).toMatchObject({
        state: "failed",
        attempt: 1,
        error: { code, cause, message: expect.stringMatching(message) },
        stageStates: { Speak: "done", Die: "failed" },
      });
      const log = await wholeLog(daemon, id);
      expectNoGap(log, lost);
      const kept = LAST_WORDS.filter(
        (word) => log.filter(({ text }) => text === word).length === 1,
      );
      expect(kept).toEqual(LAST_WORDS);
      expect(log.find(({ text }) => text === "last words")).toMatchObject({
        stage: "Die",
        stream: "stderr",
      });

      const gate = join(daemon.world.dir, `after-${way}`);
      writeFileSync(`${gate}.1`, "");
      const next = await daemon.submit("gate", { params: { gate } });
      expect(await untilFinished(daemon, next.id)).toMatchObject({
        state: "succeeded",
        attempt: 1,
      });
      record({
        fault: `worker ends by ${way}`,
        injected: 1,
        survived: kept.length,
        lost: 0,
        duplicated: 0,
      });
    },
  );

  test.each(["SIGKILL", "exit", "exception"])(
    "what a worker started ends with it, also in a session of its own: %s",
    async (way) => {
      const pids = join(daemon.world.dir, `pids-${way}`);
      const { id } = await daemon.submit("dies", { params: { way, pids } });
      expect((await untilFinished(daemon, id)).state).toBe("failed");
      const children = readFileSync(pids, "utf8").split(" ").map(Number);
      expect(children).toHaveLength(2);
      await eventually("its children are dead", () => !children.some(isAlive));
    },
  );
});

test("a stopped worker (SIGSTOP) is shown as stalled, is not run twice, and continues after SIGCONT", async () => {
  await using daemon = await startDaemon(["gate"]);
  const gate = join(daemon.world.dir, "stopped");
  const { id } = await daemon.submit("gate", { params: { gate } });
  const pid = await inStage(daemon, id, "Wait");
  process.kill(pid, "SIGSTOP");
  const stalled = await recordThat(daemon, id, ({ stalledSince }) => stalledSince !== null);
  expect(stalled).toMatchObject({ state: "running", attempt: 1 });

  await daemon.kill();
  await daemon.startAgain();
  await recordThat(
    daemon,
    id,
    ({ state, stalledSince }) => state === "running" && stalledSince !== null,
  );
  process.kill(pid, "SIGCONT");
  await recordThat(daemon, id, ({ stalledSince }) => stalledSince === null);
  writeFileSync(`${gate}.1`, "");
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "succeeded",
    attempt: 1,
    stalledSince: null,
  });
  expect(readFileSync(`${gate}.ran`, "utf8")).toBe(`1 ${pid}\n`);
  expect(existsSync(`${gate}.2`)).toBe(false);
  record({ fault: "worker stopped (SIGSTOP)", injected: 1, survived: 1, lost: 0, duplicated: 0 });
});

// An everyday run has these in test/end-to-end/: a worker that dies while no daemon runs, and one
// that always dies.
function complete(name: string, run: () => Promise<void>): void {
  if (FULL) test(name, run);
}

complete(
  "a worker that dies while its daemon is dead is reported by the next daemon, once",
  async () => {
    await using daemon = await startDaemon(["gate"]);
    const gate = join(daemon.world.dir, "both");
    const { id } = await daemon.submit("gate", { params: { gate } });
    const pid = await inStage(daemon, id, "Wait");
    await daemon.kill();
    process.kill(pid, "SIGKILL");
    await daemon.startAgain();
    expect(await untilFinished(daemon, id)).toMatchObject({
      state: "failed",
      attempt: 1,
      error: { code: "LIVEOPS_WORKER_LOST", cause: "unknown" },
    });
    expect(readFileSync(`${gate}.ran`, "utf8")).toBe(`1 ${pid}\n`);
    record({ fault: "worker and daemon killed", injected: 1, survived: 1, lost: 0, duplicated: 0 });
  },
);

complete(
  "a resumable operation that kills worker and daemon each time fails at the third loss in a row",
  async () => {
    await using daemon = await startDaemon(["stubborn"]);
    const side = join(daemon.world.dir, "kills");
    const { id } = await daemon.submit("kills-all", { params: { side } });
    for (const attempt of [3, 6]) {
      // By hand it has its three again.
      if (attempt > 3) await daemon.client.retry(id).catch(() => {});
      expect(await startsUntilOver(daemon, id)).toBe(3);
      expect(readFileSync(side, "utf8").trim().split("\n")).toHaveLength(attempt);
      expect(await daemon.client.show(id)).toMatchObject({
        state: "failed",
        attempt,
        error: {
          code: "LIVEOPS_WORKER_LOST",
          message: expect.stringContaining("the third worker in a row"),
        },
      });
    }
    record({
      fault: "worker and daemon killed by an operation",
      injected: 6,
      survived: 2,
      lost: 0,
      duplicated: 0,
    });
  },
);

/**
 * Starts the daemon after each death until one shows the operation as over; how many starts that
 * took.
 */
async function startsUntilOver(daemon: TestDaemon, id: string): Promise<number> {
  for (let starts = 1; starts <= 10; starts++) {
    await daemon.exited();
    // The operation kills this one as well, maybe before it answers.
    await daemon.startAgain().catch(() => {});
    const isDead = daemon.exited().then(() => "dead" as const);
    const isOver = await eventually(`${id} is over, or the daemon dead`, async () => {
      const record = await daemon.client.show(id).catch(() => null);
      return record?.state === "failed" ? "over" : Promise.race([isDead, null]);
    });
    if (isOver === "over") return starts;
  }
  throw new Error(`never: ${id} is over`);
}
