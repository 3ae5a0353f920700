/**
 * CPU time of commands, of the daemon's start and of operations, beside the CPU time of `node -e 0` in the same round.
 */
import { THREE_STAGES } from "../harness/no-op.js";
import { cpuOfProgram, cpuOfThreads, cpuOfTree } from "../harness/processes.js";
import { interleave, row as rowOf } from "../harness/rows.js";
import { runBatch, submitBatch } from "../harness/submitter.js";
import { type BenchWorld, benchWorld, bin, node } from "../harness/world.js";
import { costOf } from "../measures/output.js";
import type { GateRow } from "./bounds.js";

const ROUNDS = 9;
const OPERATIONS = 50;
const ARRAY = 500;
const LINES = 50_000;

export default async function cpu(): Promise<GateRow[]> {
  const world = await benchWorld({ ops: THREE_STAGES, flags: ["--concurrency", "1"] });
  const program = (...words: string[]) => cpuOfProgram([node, ...words], world.env);
  const bare = () => program("-e", "0");
  try {
    // The first operations run code that V8 has not optimized yet.
    await runBatch(world, 2 * OPERATIONS);
    const ofOperations = await interleave({ bare, ours: () => cpuOfTen(world) }, 5);
    const daemon: number[] = [];
    const ofLines = await interleave(
      {
        bare,
        worker: async () => {
          const cost = await costOf(world, { length: 80, lines: LINES });
          daemon.push((cost.daemon * LINES) / 1000);
          return (cost.worker * LINES) / 1000;
        },
      },
      5,
    );
    // From here on, no operation takes CPU from the measure.
    world.run("liveops", "pause", "--all");
    const ofPrograms = await interleave(
      {
        bare,
        submit: () => program(bin("liveops"), "submit", "shell", "--", "true"),
        ls: () => program(bin("liveops"), "ls"),
        start: async () => {
          world.run("liveopsd", "stop", "--now");
          const ofCommand = program(bin("liveopsd"), "start", "--ops", world.opsDir);
          const { pid } = await world.client.daemon();
          return ofCommand + cpuOfThreads(pid);
        },
      },
      ROUNDS,
    );
    const ofArrays = await interleave({ bare, ours: () => cpuOfArray(world) }, ROUNDS);
    const { bare: reference, ...programs } = ofPrograms;
    const row = (name: string, ours: readonly number[], samples: readonly number[], room = 0.2) => ({
      name: `${name}: CPU beside node -e 0`,
      value: rowOf({ name, unit: "ms", ours, beside: { what: "node -e 0", samples } }).ratio!,
      room,
    });
    return [
      ...Object.entries(programs).map(([name, samples]) => row(name, samples, reference)),
      // Daemon and worker wake each other more often on a busy machine.
      row("ten operations", ofOperations.ours, ofOperations.bare, 0.5),
      row(`${LINES} lines, worker`, ofLines.worker, ofLines.bare, 0.3),
      row(`${LINES} lines, daemon`, daemon.slice(1), ofLines.bare, 0.3),
      row(`submits in an array of ${ARRAY}`, ofArrays.ours, ofArrays.bare),
    ];
  } finally {
    world.stop();
  }
}

/** Milliseconds of the daemon, its loader and its worker for ten operations. */
async function cpuOfTen(world: BenchWorld): Promise<number> {
  const before = cpuOfTree(world.pid);
  await runBatch(world, OPERATIONS);
  return ((cpuOfTree(world.pid) - before) * 10) / OPERATIONS;
}

async function cpuOfArray(world: BenchWorld): Promise<number> {
  // Not the daemon that the world began with.
  const { pid } = await world.client.daemon();
  const before = cpuOfThreads(pid);
  await submitBatch(world, ARRAY);
  return cpuOfThreads(pid) - before;
}
