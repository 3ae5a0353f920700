/**
 * System calls and syncs of an operation of three empty stages, counted by strace over several batches.
 *
 * The fewest of each call over the batches count, because a busy machine only adds calls. Memory, clocks, wake-ups, reads
 * of a file that a worker writes meanwhile, and what the daemon does at intervals do not count: they depend on the moment.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isMissing, pathOf } from "../../test/harness/programs.js";
import { gateRow, rounds } from "../harness/measure.js";
import { runBatch } from "../harness/submitter.js";
import { benchWorld, sources } from "../harness/world.js";

const OPERATIONS = 30;
const BATCHES = 5;
/** Longer than a change of a directory counts as just now (`daemon/loader/sources.ts`), in ms. */
const JUST_CHANGED_MS = 3000;
const UNTRACED =
  "brk,clock_gettime,clock_nanosleep,madvise,mmap,mprotect,munmap,epoll_ctl,epoll_pwait,futex,geteuid,getpid,restart_syscall,sched_yield";
const TRACER = `-D -f --seccomp-bpf -y -qq -s 0 -e signal=none -e trace=!${UNTRACED}`.split(" ");
const UNCOUNTED =
  /state(\.previous)?\.json|\/liveopsd\.|\/state\/(history\/|workers")|\/state>|\/proc\/\d+\/|\/state\/runs\/|\.events\.ndjson/;
const SYNCS = ["fdatasync", "fsync", "msync", "sync", "sync_file_range", "syncfs"];

/** Calls of each name. */
type Counts = Map<string, number>;

if (isMissing("strace")) throw new Error("strace is missing; install it");
const { status, stderr } = spawnSync(pathOf("strace"), ["-f", "-o", "/dev/null", "true"]);
if (status !== 0) throw new Error(`strace may not trace: ${stderr}`);

const trace = (dir: string) => join(dir, "trace");
const world = await benchWorld({
  ops: sources("three-stages"),
  slots: 1,
  tracer: (dir) => [pathOf("strace"), ...TRACER, "-o", trace(dir)],
});
// The daemon lists a directory that has just changed at each look.
const begun = performance.now();
do await runBatch(world, OPERATIONS);
while (performance.now() - begun < JUST_CHANGED_MS);

const { batches } = await rounds(BATCHES, {
  batches: async () => {
    const from = statSync(trace(world.dir)).size;
    await runBatch(world, OPERATIONS);
    return readFileSync(trace(world.dir)).subarray(from).toString().split("\n");
  },
});
for (const process of ["daemon", "worker"]) {
  const counts = batches.map((lines) => countCalls(lines, process)).reduce(fewer);
  const each = [...counts].map(([call, count]) => ({ call, count: count / OPERATIONS }));
  const sum = (some: typeof each) => some.reduce((total, { count }) => total + count, 0);
  const often = each.filter(({ count }) => count >= 0.1).sort((a, b) => b.count - a.count);
  gateRow(
    `${process}: system calls an operation`,
    [sum(each)],
    {},
    often.map(({ call, count }) => `${call} ${count.toFixed(1)}`).join(", "),
  );
  const syncs = each.filter(({ call }) => SYNCS.includes(call));
  gateRow(`${process}: syncs an operation`, [sum(syncs)]);
}

/** The loader belongs to the daemon. */
function countCalls(lines: readonly string[], wanted: string): Counts {
  const counts: Counts = new Map();
  for (const line of lines) {
    // `1234  read(5</path>, …`. A line that continues a call has no parenthesis there.
    const [, thread, call, first] = /^(\d+) +(\w+)\(([^ ]*)/.exec(line) ?? [];
    if (thread === undefined || first!.includes("anon_inode:") || processOf(thread) !== wanted) continue;
    if (wanted === "daemon" && UNCOUNTED.test(line)) continue;
    counts.set(call!, (counts.get(call!) ?? 0) + 1);
  }
  return counts;
}

function processOf(thread: string): string {
  const words = readFileSync(`/proc/${thread}/cmdline`, "utf8");
  return words.includes("worker.js") ? "worker" : "daemon";
}

function fewer(one: Counts, other: Counts): Counts {
  return new Map([...one].map(([call, count]) => [call, Math.min(count, other.get(call) ?? 0)]));
}
