/**
 * System calls and syncs of an operation of three empty stages, counted by strace over several
 * batches.
 *
 * The fewest of each call over the batches count, because a busy machine only adds calls. Memory,
 * clocks, wake-ups, reads of a file that a worker writes meanwhile, and what the daemon does at
 * intervals do not count: they depend on the moment.
 */
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMissing, pathOf } from "../../test/harness/programs.js";
import { NotHere, rounds, row } from "../harness/measure.js";
import { runBatch } from "../harness/submitter.js";
import { benchWorld, opsDir, temporary } from "../harness/world.js";

const OPERATIONS = 30;
const BATCHES = 5;
const UNTRACED =
  "brk,clock_gettime,clock_nanosleep,madvise,mmap,mprotect,munmap,epoll_ctl,epoll_pwait,futex,geteuid,getpid,restart_syscall,sched_yield";
const TRACER = `-D -f --seccomp-bpf -y -qq -s 0 -e signal=none -e trace=!${UNTRACED}`.split(" ");
const UNCOUNTED = {
  daemon:
    /state(\.previous)?\.json|\/liveopsd\.|\/state\/(history\/|workers")|\/state>|\/proc\/|\/state\/runs\/|\.events\.ndjson/,
  worker: /\/proc\//,
};
const SYNCS = ["fdatasync", "fsync", "msync", "sync", "sync_file_range", "syncfs"];

/** Calls of each name. */
type Counts = Map<string, number>;

if (isMissing("strace")) throw new NotHere("strace is missing; install it");
const { status, stderr } = spawnSync(pathOf("strace"), ["-f", "-o", "/dev/null", "true"]);
if (status !== 0) throw new NotHere(`strace may not trace: ${stderr}`);

const trace = (dir: string) => join(dir, "trace");
// With one type, because the daemon looks at each at intervals. It lists a directory that has just
// changed at each look.
const one = temporary();
cpSync(join(opsDir, "three-stages.mjs"), join(one, "three-stages.mjs"));
await sleep(3000);
const world = await benchWorld({
  opsDir: one,
  slots: 1,
  tracer: (dir) => [pathOf("strace"), ...TRACER, "-o", trace(dir)],
});

const { batches } = await rounds(BATCHES, {
  batches: async () => {
    const from = statSync(trace(world.dir)).size;
    await runBatch(world, OPERATIONS);
    return readFileSync(trace(world.dir)).subarray(from).toString().split("\n");
  },
});
for (const process of ["daemon", "worker"] as const) {
  const counts = batches.map((lines) => countCalls(lines, process)).reduce(fewer);
  const each = [...counts].map(([call, count]) => ({ call, count: count / OPERATIONS }));
  const sum = (some: typeof each) => some.reduce((total, { count }) => total + count, 0);
  const often = each.filter(({ count }) => count >= 0.1).sort((a, b) => b.count - a.count);
  const detail = often.map(({ call, count }) => `${call} ${count.toFixed(1)}`).join(", ");
  row(`${process}, an operation`, "calls", null, [sum(each)], {}, detail);
  const syncs = each.filter(({ call }) => SYNCS.includes(call));
  row(`${process}, an operation: syncs`, "syncs", null, [sum(syncs)]);
}

/** The loader belongs to the daemon. */
function countCalls(lines: readonly string[], wanted: keyof typeof UNCOUNTED): Counts {
  const counts: Counts = new Map();
  for (const line of lines) {
    // `1234  read(5</path>, …`. A line that continues a call has no parenthesis there.
    const [, thread, call, first] = /^(\d+) +(\w+)\(([^ ]*)/.exec(line) ?? [];
    if (thread === undefined || first!.includes("anon_inode:") || processOf(thread) !== wanted)
      continue;
    if (UNCOUNTED[wanted].test(line)) continue;
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
