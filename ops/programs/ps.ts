/**
 * Processes as ps(1) tells them, on a system without /proc, as macOS is. One call reads all of
 * them; where ps cannot read any, there are none.
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

/**
 * All users, ended children included; the second time with the environment behind the command.
 * Linux has BSD words.
 */
const WORDS = process.platform === "darwin" ? ["-ASww", "-AESww"] : ["axSww", "axeSww"];
const COLUMNS = ["pid", "ppid", "pgid", "stat", "lstart", "time", "rss", "command"];
const ROW =
  /^ *(\d+) +(\d+) +(\d+) +(\S)\S* +(\w+ +\w+ +\d+ [\d:]+ +\d+) +([\d:.-]+) +(\d+) ?(.*)$/gm;

const TIMEOUT_MS = 1000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Age in ms up to which rows are told again; short where a process may have begun since. */
export const AGE_MS = { known: 1000, unknown: 50 };

/** Time in ms before ps is asked again after a failure, and that for which its last rows stand. */
const FAILED_MS = { pause: 2000, kept: 10_000 };

let rows: ReadonlyMap<number, ProcessRow> = new Map();
let readAt = Number.NEGATIVE_INFINITY;
let failedAt = Number.NEGATIVE_INFINITY;

/**
 * All processes; none where ps fails again and again.
 *
 * @param age - of the rows in ms at most. Default: those of this moment
 */
export function psRows(age = 0): typeof rows {
  const now = performance.now();
  if (now - readAt < age || now - failedAt < FAILED_MS.pause) return rows;
  const [plain, whole] = WORDS.map(replyOf);
  if (plain && whole) {
    rows = rowsOf(plain, whole);
    readAt = performance.now();
  } else {
    failedAt = performance.now();
    if (failedAt - readAt > FAILED_MS.kept) rows = new Map();
  }
  return rows;
}

/** Empty where ps fails. */
function replyOf(words: string): string {
  const { status, stdout } = spawnSync(
    "/bin/ps",
    [words, ...COLUMNS.flatMap((name) => ["-o", `${name}=`])],
    {
      encoding: "latin1",
      env: { LC_ALL: "C", TZ: "UTC" },
      timeout: TIMEOUT_MS,
      maxBuffer: MOST_BYTES,
    },
  );
  return status === 0 ? stdout : "";
}

/** The process a second ago at most; undefined: there is none. */
export function psRow(pid: number): ProcessRow | undefined {
  const isKnown = rows.size === 0 || rows.has(pid);
  return psRows(AGE_MS[isKnown ? "known" : "unknown"]).get(pid);
}

/**
 * The rows of two replies of ps. An argument may look like a variable: what the first reply has is
 * no environment. Exported for tests: macOS writes times otherwise.
 */
export function rowsOf(plain: string, whole: string): Map<number, ProcessRow> {
  const found = new Map<number, ProcessRow>();
  const commands = new Map([...plain.matchAll(ROW)].map((row) => [row[1], row[8]!]));
  for (const [, id, parent, group, state, start, time, rss, text] of whole.matchAll(ROW)) {
    const pid = Number(id);
    // A program may have begun another command in between.
    const command = commands.get(id) ?? "\n";
    const variables = text!.startsWith(command) ? text!.slice(command.length) : "";
    found.set(pid, {
      pid,
      state: state!,
      parent: Number(parent),
      group: Number(group),
      session: Number(group),
      startTime: Date.parse(`${start} UTC`) / 1000,
      cpuSeconds: secondsOf(time!),
      rssBytes: Number(rss) * 1024,
      environment: variables.split(/ (?=[A-Za-z_]\w*=)/).slice(1),
    });
  }
  return found;
}

/** `[days-][hours:]minutes:seconds`, with hundredths on macOS. */
function secondsOf(time: string): number {
  const [clock = "", days = "0"] = time.split("-").reverse();
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}
