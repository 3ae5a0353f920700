/**
 * System calls and syncs of an operation of three empty stages, counted by strace over several batches.
 *
 * The fewest of each call over the batches counts, because a busy machine only adds calls: the daemon then reads a
 * file that grows in more and smaller parts. Memory, clocks, wake-ups between threads and what the daemon does at
 * intervals do not count; they depend on the moment.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isMissing, pathOf } from "../../test/harness/programs.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { runBatch } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";
import type { GateRow } from "./bounds.js";

const OPERATIONS = 30;
/** Longer than a change of a directory counts as just now (`daemon/loader/sources.ts`), in ms. */
const JUST_CHANGED_MS = 3000;
const BATCHES = 5;

const UNTRACED = [
  "brk",
  "clock_gettime",
  "clock_nanosleep",
  "madvise",
  "mmap",
  "mprotect",
  "munmap",
  "epoll_ctl",
  "epoll_pwait",
  "futex",
  "geteuid",
  "getpid",
  "restart_syscall",
  "sched_yield",
];
const OPTIONS = [
  ..."-f --seccomp-bpf -y -qq -s 0 -e signal=none".split(" "),
  "-e",
  `trace=!${UNTRACED.join(",")}`,
];
/** What the daemon does at intervals: it watches its places and processes, seals operations and writes `state.json`. */
const AT_INTERVALS =
  /state(\.previous)?\.json|\/liveopsd\.|\/state\/(history\/|workers")|\/state>|\/proc\/\d+\//;
/** The daemon reads what a worker writes in few or many parts, depending on the load. */
const RUN_FILE = /\/state\/runs\/|\.events\.ndjson/;
const OF_RUN_FILES = " of run files";
const SYNCS = ["fdatasync", "fsync", "msync", "sync", "sync_file_range", "syncfs"];

/** Calls of each name. */
type Counts = Map<string, number>;
const PROCESSES = ["daemon", "worker"] as const;
type Process = (typeof PROCESSES)[number];
const READS = "daemon: system calls an operation on run files";

export default async function calls(): Promise<GateRow[]> {
  const absent = whyNotTraced();
  if (absent !== null)
    return [...PROCESSES.flatMap((process) => Object.values(namesOf(process))), READS].map((name) => ({
      name,
      skipped: absent,
    }));

  const world = await benchWorld({
    ops: THREE_STAGES,
    flags: ["--concurrency", "1"],
    tracer: (dir) => [pathOf("strace"), ...OPTIONS, "-o", traceIn(dir)],
  });
  try {
    // The daemon lists a directory that has just changed at each look.
    const begun = performance.now();
    do await runBatch(world, OPERATIONS);
    while (performance.now() - begun < JUST_CHANGED_MS);
    const batches: Array<Record<Process, Counts>> = [];
    while (batches.length < BATCHES) {
      const from = statSync(traceIn(world.dir)).size;
      await runBatch(world, OPERATIONS);
      const lines = readFileSync(traceIn(world.dir)).subarray(from).toString().split("\n");
      batches.push(countCalls(lines));
    }
    return PROCESSES.flatMap((process) =>
      rowsOf(process, batches.map((counts) => counts[process]).reduce(fewer)),
    );
  } finally {
    world.stop();
  }
}

const traceIn = (dir: string) => join(dir, "trace");

const namesOf = (process: Process) => ({
  calls: `${process}: system calls an operation`,
  syncs: `${process}: syncs an operation`,
});

function whyNotTraced(): string | null {
  if (isMissing("strace")) return "strace is missing; install it";
  const { status, stderr } = spawnSync(pathOf("strace"), ["-f", "-o", "/dev/null", "true"], {
    encoding: "utf8",
  });
  return status === 0 ? null : `strace may not trace: ${stderr.trim()}`;
}

/** The loader belongs to the daemon. */
function countCalls(lines: readonly string[]): Record<Process, Counts> {
  const counts: Record<Process, Counts> = { daemon: new Map(), worker: new Map() };
  const processes = new Map<string, Process>();
  for (const line of lines) {
    // `1234  read(5</path>, …`. A line that continues a call has no parenthesis there.
    const [, thread, call, first] = /^(\d+) +(\w+)\(([^ ]*)/.exec(line) ?? [];
    if (thread === undefined || first!.includes("anon_inode:")) continue;
    const process = processes.get(thread) ?? processOf(thread);
    processes.set(thread, process);
    if (process === "daemon" && AT_INTERVALS.test(line)) continue;
    const key = process === "daemon" && RUN_FILE.test(line) ? `${call}${OF_RUN_FILES}` : call!;
    counts[process].set(key, (counts[process].get(key) ?? 0) + 1);
  }
  return counts;
}

function processOf(thread: string): Process {
  const words = readFileSync(`/proc/${thread}/cmdline`, "utf8");
  return words.includes("worker.js") ? "worker" : "daemon";
}

function fewer(one: Counts, other: Counts): Counts {
  return new Map([...one].map(([call, count]) => [call, Math.min(count, other.get(call) ?? 0)]));
}

function rowsOf(process: Process, counts: Counts): GateRow[] {
  const each = [...counts].map(([call, count]) => [call, count / OPERATIONS] as const);
  const sum = (some: typeof each) => some.reduce((total, [, count]) => total + count, 0);
  const detail = each
    .filter(([, count]) => count >= 0.1)
    .sort(([, a], [, b]) => b - a)
    .map(([call, count]) => `${call} ${count.toFixed(1)}`)
    .join(", ");
  const { calls, syncs } = namesOf(process);
  const others = each.filter(([call]) => !call.endsWith(OF_RUN_FILES));
  return [
    { name: calls, value: sum(others), room: 0.08, detail },
    { name: syncs, value: sum(each.filter(([call]) => SYNCS.includes(call))), room: 0.05 },
    ...(process === "daemon" ? [{ name: READS, value: sum(each) - sum(others), room: 0.5 }] : []),
  ];
}
