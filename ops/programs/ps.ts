/**
 * Processes as ps(1) tells them, on a system without /proc, as macOS is. One call reads all of them; where ps cannot
 * read any, there are none.
 */
import { spawnSync } from "node:child_process";

/** One process at the time of the call. */
export interface ProcessRow {
  pid: number;
  /** One letter, as in proc_pid_stat(5): Z is a zombie, T is stopped. */
  state: string;
  parent: number;
  group: number;
  /** The group: macOS does not tell the session. */
  session: number;
  /** Seconds of the Unix time. Identifies one process together with the pid. */
  startTime: number;
  /** With the children that it waited for. */
  cpuSeconds: number;
  rssBytes: number;
  /** `NAME=value`. macOS hides those of its own programs. */
  environment: string[];
}

/** All users, ended children included, the environment behind the command: BSD words, which Linux knows too. */
const WORDS = process.platform === "darwin" ? "-AESww" : "axeSww";
const COLUMNS = ["pid", "ppid", "pgid", "stat", "lstart", "time", "rss", "command"];
const ROW = /^ *(\d+) +(\d+) +(\d+) +(\S)\S* +(\w+ +\w+ +\d+ [\d:]+ +\d+) +([\d:.-]+) +(\d+) ?(.*)$/gm;

const TIMEOUT_MS = 5000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Age in ms up to which rows are told again; short where a process may have begun since. */
export const AGE_MS = { known: 1000, unknown: 50 };

let rows: ReadonlyMap<number, ProcessRow> = new Map();
let readAt = Number.NEGATIVE_INFINITY;

/**
 * All processes; none where ps fails.
 *
 * @param age - of the rows in ms at most. Default: those of this moment
 */
export function psRows(age = 0): typeof rows {
  if (performance.now() - readAt < age) return rows;
  const { status, stdout } = spawnSync("/bin/ps", [WORDS, ...COLUMNS.flatMap((name) => ["-o", `${name}=`])], {
    encoding: "latin1",
    env: { LC_ALL: "C", TZ: "UTC" },
    timeout: TIMEOUT_MS,
    maxBuffer: MOST_BYTES,
  });
  rows = rowsOf(status === 0 ? stdout : "");
  readAt = performance.now();
  return rows;
}

/** The process a second ago at most; undefined: there is none. */
export function psRow(pid: number): ProcessRow | undefined {
  const isKnown = rows.size === 0 || rows.has(pid);
  return psRows(AGE_MS[isKnown ? "known" : "unknown"]).get(pid);
}

/** The rows of a reply of ps. Exported for tests: macOS writes times otherwise. */
export function rowsOf(text: string): Map<number, ProcessRow> {
  const found = new Map<number, ProcessRow>();
  for (const [, id, parent, group, state, start, time, rss, command] of text.matchAll(ROW)) {
    const pid = Number(id);
    found.set(pid, {
      pid,
      state: state!,
      parent: Number(parent),
      group: Number(group),
      session: Number(group),
      startTime: Date.parse(`${start} UTC`) / 1000,
      cpuSeconds: secondsOf(time!),
      rssBytes: Number(rss) * 1024,
      environment: command!.split(/ (?=[A-Za-z_]\w*=)/).slice(1),
    });
  }
  return found;
}

/** `[days-][hours:]minutes:seconds`, with hundredths on macOS. */
function secondsOf(time: string): number {
  const [clock = "", days = "0"] = time.split("-").reverse();
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}
