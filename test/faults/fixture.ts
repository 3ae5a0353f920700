/**
 * A state directory with every kind of content, written by the current daemon, and its expected reading in all versions.
 *
 * Used by `make-fixture.ts`, which keeps one for each format in `test/fixtures/`, and by the test that loads them.
 */
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation } from "../../protocol/operation.js";
import type { SubmitBody } from "../../protocol/requests.js";
import { TestDaemon } from "../harness/daemon.js";
import { inStage, operations, untilFinished, wholeLog } from "./start.js";

export const FIXTURE_OPERATIONS = ["counted", "dies", "floods", "partly", "resumes"];

export interface Expected {
  /** Over: must be shown exactly so, with exactly this log. */
  finished: Array<{ record: Operation; log: string[]; key: string; body: SubmitBody }>;
  /** Links that a chain made: as the above, without a submit of their own. */
  links: Array<{ record: Operation; log: string[] }>;
  queued: string;
  /** Not resumable, running when the daemon was killed on that machine. */
  running: string;
  /** Resumable, its first stage done. */
  resumable: string;
  removed: string;
}

/** Nothing in here names a directory: what was submitted then runs on any machine. */
const AT_REST: Array<[key: string, body: SubmitBody]> = [
  ["plain", { op: "floods", params: { lines: 3 }, label: "three lines — 三" }],
  ["chain", { op: "counted", params: { side: "/dev/null", name: "chain", lines: 2, pause: 0, links: 2 } }],
  ["partly", { op: "partly" }],
  ["failed", { op: "dies", params: { way: "exception" } }],
  ["lost", { op: "dies", params: { way: "SIGKILL" } }],
];

export async function makeFixture(into: string): Promise<Expected> {
  await using daemon = await TestDaemon.start({ ops: operations(...FIXTURE_OPERATIONS), concurrency: 2 });
  const { client } = daemon;
  const submit = (key: string, body: SubmitBody) => client.submit({ cwd: "/", ...body }, key);
  const finished: Expected["finished"] = [];
  const links: Expected["links"] = [];
  for (const [key, body] of AT_REST) {
    const { id } = await submit(key, body);
    let record = await untilFinished(daemon, id);
    if (key === "failed") {
      await client.retry(id);
      record = await untilFinished(daemon, id);
    }
    finished.push({ record, log: await logOf(daemon, id), key, body: { cwd: "/", ...body } });
    if (record.chain.next !== null) {
      const next = await untilFinished(daemon, record.chain.next);
      links.push({ record: next, log: await logOf(daemon, next.id) });
    }
    // History, checkpoint and the one before it each hold some of it.
    if (key === "chain" || key === "failed") {
      await daemon.stop();
      await daemon.startAgain();
    }
  }
  const removed = await submit("removed", { op: "floods", params: { lines: 1 } });
  await untilFinished(daemon, removed.id);
  await client.remove(removed.id);
  const running = await submit("running", { op: "shell", params: { args: ["sleep", "1000"] } });
  const resumable = await submit("resumable", {
    op: "resumes",
    params: { side: "/dev/null", ends: ["wait", "go"] },
  });
  const queued = await submit("queued", { op: "floods", params: { lines: 2 } });
  const cancelled = await submit("cancelled", { op: "floods", params: { lines: 1 } });
  await client.cancel(cancelled.id);
  finished.push({
    record: await client.show(cancelled.id),
    log: [],
    key: "cancelled",
    body: { cwd: "/", op: "floods", params: { lines: 1 } },
  });
  await inStage(daemon, resumable.id, "Second");
  await inStage(daemon, running.id, (await client.show(running.id)).stages[0]!);
  await daemon.kill();
  copyState(daemon.world.stateDir, join(into, "state"));
  await daemon.startAgain();
  const expected = {
    finished,
    links,
    queued: queued.id,
    running: running.id,
    resumable: resumable.id,
    removed: removed.id,
  };
  writeFileSync(join(into, "expected.json"), `${JSON.stringify(expected, null, 2)}\n`);
  return expected;
}

async function logOf(daemon: TestDaemon, id: string): Promise<string[]> {
  return (await wholeLog(daemon, id)).map(({ text }) => text);
}

/**
 * All but what belongs to processes (locks, sockets, output of workers, the daemon's own log, and the index's side
 * files), and the file by which a copy is recognised: the fixture is no copy.
 */
function copyState(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) {
    if (/\.(sock|lock|log)$/.test(name) || name === "workers" || name === "directory.json") continue;
    cpSync(join(from, name), join(to, name), { recursive: true });
  }
  mkdirSync(join(to, "workers"), { mode: 0o700 });
  for (const name of readdirSync(join(from, "workers")).filter((each) => each.endsWith(".events.ndjson")))
    cpSync(join(from, "workers", name), join(to, "workers", name));
  for (const name of readdirSync(join(to, "history")))
    if (/-(wal|shm)$/.test(name)) rmSync(join(to, "history", name));
}
