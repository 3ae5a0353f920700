/**
 * Operations of three empty stages: per second, one at a time, and their CPU time. Beside BullMQ
 * jobs that report the same three stages, in a sandboxed process and in the worker's process.
 *
 * Both sides have the same number of concurrent submits and of running jobs.
 */
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { isQuick, rounds, row } from "../harness/measure.js";
import { Peer, startRedis } from "../harness/peers.js";
import { cpuOfTree } from "../harness/processes.js";
import { Submitter, untilAllSucceeded } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const AT_ONCE = 32;
const SLOTS = 2;

const jobs = isQuick ? 100 : 400;
const few = jobs / 4;
const world = await benchWorld({ slots: SLOTS });
const socket = await startRedis();
const sandboxed = new Peer("bullmq", {
  socket,
  queue: "sandboxed",
  isSandboxed: true,
  slots: SLOTS,
});
const inProcess = new Peer("bullmq", { socket, queue: "in-process", slots: SLOTS });
let done = 0;

const samples = await rounds(9, {
  liveops: async () => {
    const [before, start] = [cpuOfTree(world.pid), performance.now()];
    done += jobs;
    const submitter = new Submitter(world.socket);
    await submitter.submit({ op: "three-stages" }, jobs, AT_ONCE);
    await untilAllSucceeded(world.client, done);
    submitter.end();
    const perSecond = (jobs / (performance.now() - start)) * 1000;
    return { perSecond, cpu: (cpuOfTree(world.pid) - before) / jobs };
  },
  liveopsOne: async () => {
    done += few;
    return (await oneAtATime(few)) / few;
  },
  sandboxed: () => sandboxed.ask({ jobs, atOnce: AT_ONCE }),
  inProcess: () => inProcess.ask({ jobs, atOnce: AT_ONCE }),
  bullmqOne: async () => 1000 / (await inProcess.ask({ jobs: few, atOnce: 1 })),
});
const ours = samples.liveops.map(({ perSecond }) => perSecond);
row("three empty stages", "/s", "≥ 0.6 ×", ours, { "BullMQ sandboxed": samples.sandboxed });
row("three empty stages", "/s", "≥ 1.2 ×", ours, { "BullMQ in-process": samples.inProcess });
row("one at a time, submit to finished", "ms", "≤ 1.2 ×", samples.liveopsOne, {
  "BullMQ in-process": samples.bullmqOne,
});
row(
  "CPU of daemon and workers",
  "ms",
  "≤ 2 ms",
  samples.liveops.map(({ cpu }) => cpu),
);

/** Milliseconds of so many operations, each submitted when the one before has finished. */
async function oneAtATime(count: number): Promise<number> {
  const submitter = new Submitter(world.socket);
  const body = JSON.stringify({ op: "three-stages" });
  // Opened only here: a watcher of all operations would slow the other rounds.
  const watching = new AbortController();
  const lines = world.client.watch({}, watching.signal);
  await lines.next();
  const finished = new Set<string>();
  const start = performance.now();
  for (let n = 0; n < count; n++) {
    const { id } = JSON.parse(await submitter.post(body)) as Operation;
    while (!finished.has(id)) {
      const { value: line } = await lines.next();
      if (line?.type === "changed" && line.patch.state && isFinal(line.patch.state))
        finished.add(line.id);
    }
  }
  const took = performance.now() - start;
  submitter.end();
  watching.abort(new Error("done"));
  return took;
}
