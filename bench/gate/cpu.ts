/**
 * CPU time of commands, of the daemon's start, of operations and of output, beside `node -e 0` in
 * the same round.
 */
import { rounds, row } from "../harness/measure.js";
import { costOf } from "../harness/output.js";
import { bareNode, cpuOfProgram, cpuOfThreads, cpuOfTree } from "../harness/processes.js";
import { runBatch, submitBatch } from "../harness/submitter.js";
import { benchWorld, bin, node } from "../harness/world.js";

const OPERATIONS = 100;
const LINES = 50_000;

const world = await benchWorld({ slots: 1 });
const bare = () => cpuOfProgram(bareNode);
const program = (name: string, ...words: string[]) =>
  cpuOfProgram([node, bin(name), ...words], world.env);
const beside = (name: string, ours: number[], bare: number[]) =>
  row(name, "ms", null, ours, { "node -e 0": bare });

const busy = await rounds(5, {
  bare,
  operations: async () => {
    const before = cpuOfTree(world.pid);
    await runBatch(world, OPERATIONS);
    return ((cpuOfTree(world.pid) - before) * 10) / OPERATIONS;
  },
  output: () => costOf(world, { length: 80, lines: LINES }),
});
beside("ten operations", busy.operations, busy.bare);
for (const process of ["worker", "daemon"] as const) {
  const ours = busy.output.map((cost) => (cost[process] * LINES) / 1000);
  beside(`${process}: ${LINES} lines`, ours, busy.bare);
}

// From here on, no operation takes CPU from the measure.
world.run("liveops", "pause", "--all");
const idle = await rounds(9, {
  bare,
  submit: () => program("liveops", "submit", "shell", "--", "true"),
  ls: () => program("liveops", "ls"),
  start: async () => {
    world.run("liveopsd", "stop", "--now");
    const ofCommand = program("liveopsd", "start");
    return ofCommand + cpuOfThreads((await world.client.daemon()).pid);
  },
});
beside("submit", idle.submit, idle.bare);
beside("ls", idle.ls, idle.bare);
beside("start", idle.start, idle.bare);

// A daemon that is not new, and a queue that `ls` did not list.
const arrays = await rounds(9, {
  bare,
  array: async () => {
    const { pid } = await world.client.daemon();
    const before = cpuOfThreads(pid);
    await submitBatch(world, 500);
    return cpuOfThreads(pid) - before;
  },
});
beside("submits in an array of 500", arrays.array, arrays.bare);
