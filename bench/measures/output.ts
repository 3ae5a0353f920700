/**
 * What a line of a program's output costs: CPU time in the worker and in the daemon, and bytes
 * stored. Beside a small Node program that splits and stores the same lines, and task-spooler,
 * which gives the program a file. Also `liveops logs` of a long log, beside cat and grep.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atExit, isQuick, rounds, row } from "../harness/measure.js";
import { type Cost, costOf, prints } from "../harness/output.js";
import { requirePeers } from "../harness/peers.js";
import { cpuOfProgram, timed } from "../harness/processes.js";
import { benchWorld, bin, cleanEnv, node } from "../harness/world.js";

requirePeers("task-spooler");
const lines = isQuick ? 50_000 : 200_000;
const world = await benchWorld({ slots: 1 });
const { dir, env } = world;
const spooler = { ...cleanEnv(), TS_SOCKET: join(dir, "tsp"), TMPDIR: dir };
atExit(() => execFileSync("tsp", ["-K"], { env: spooler }));

const samples = await rounds(3, {
  short: () => costOf(world, { length: 6, lines }),
  long: () => costOf(world, { length: 80, lines }),
  secret: () => costOf(world, { length: 80, lines, isSecret: true }),
  steps: () => costOf(world, { length: 80, lines, steps: 8 }),
  watched: () => costOf(world, { length: 80, lines, isWatched: true }),
  nodeShort: () => besideNode(6),
  nodeLong: () => besideNode(80),
  spooler: () => {
    // Five times as many: less what the program itself takes, little is left.
    const command = prints(80, 5 * lines);
    return (spool(command) - spool(`${command} >/dev/null`)) / (5 * lines);
  },
});
const { short, long, secret, steps, watched, nodeShort, nodeLong } = samples;
const worker = (name: string, costs: Cost[], node: number[]) =>
  row(
    `worker, ${name}`,
    "µs",
    "≤ 2.5 µs",
    costs.map((cost) => cost.worker),
    { "Node program": node },
  );
worker("a line of 6", short, nodeShort);
worker("a line of 80", long, nodeLong);
worker("with a secret", secret, nodeLong);
worker("8 steps at once", steps, nodeLong);
const daemon = (name: string, goal: string, costs: Cost[]) =>
  row(
    `daemon, ${name}`,
    "µs",
    goal,
    costs.map((cost) => cost.daemon),
  );
daemon("a line of 80", "≤ 0.1 µs", long);
daemon("8 steps at once", "≤ 0.1 µs", steps);
daemon("watched", "≤ 3 µs", watched);
const sum = long.map((cost) => cost.worker + cost.daemon);
row("both, a line of 80", "µs", null, sum, { "task-spooler": samples.spooler });
row(
  "stored beyond the text of 6",
  "bytes",
  "≤ 12 bytes",
  short.map(({ bytes }) => bytes - 6),
);
row(
  "stored beyond the text of 80",
  "bytes",
  "≤ 12 bytes",
  long.map(({ bytes }) => bytes - 80),
);

const count = isQuick ? 100_000 : 1_000_000;
const text = join(dir, "text");
execFileSync("sh", ["-c", `seq ${count} > "$1"`, "sh", text]);
world.run("liveops", "submit", "--wait", "--label", "long", "shell", "--", "seq", `${count}`);
const logs = (...words: string[]) =>
  timed([node, bin("liveops"), "logs", "long", ...words], { env });
const needle = `${count / 2 + 1}`;
const read = await rounds(3, {
  logs: () => logs(),
  cat: () => timed(["cat", text]),
  search: () => logs("--grep", needle),
  grep: () => timed(["grep", needle, text]),
});
row("logs of a million lines", "ms", null, read.logs, { cat: read.cat });
row("logs --grep of a million", "ms", null, read.search, { grep: read.grep });

/** Microseconds of CPU time for a line. */
function besideNode(length: number): number {
  const peer = fileURLToPath(new URL("../peers/lines.mjs", import.meta.url));
  const words = ["-c", `${prints(length, lines)} | "$@"`, "sh", node, peer, join(dir, "lines")];
  return Number(execFileSync("sh", words, { env: cleanEnv(), encoding: "utf8" }));
}

/** Microseconds of CPU time of a job, the program's included. */
function spool(command: string): number {
  return cpuOfProgram(["tsp", "-f", "sh", "-c", command], spooler) * 1000;
}
