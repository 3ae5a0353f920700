/**
 * `liveopsd logs`: prints the daemon's log from its files, so that the log of a dead daemon can be
 * read.
 */
import { existsSync, lstatSync, watch } from "node:fs";
import { dirname } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { rotatedName } from "../../../daemon/log/log-file.js";
import { Tail } from "../../../daemon/run-files/tail.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { NotFoundError } from "../../../protocol/failures.js";
import { LOG_LEVELS, type LogLevel } from "../../../protocol/system/log-level.js";
import { whyIrregular } from "../../../protocol/system/own-file.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
} from "../../kit/options.js";
import { logTime } from "../../kit/output/time.js";

/** Milliseconds between two checks of the file; `fs.watch` is only a hint. */
const LOOK_MS = 500;

interface LogsOptions extends GlobalOptions {
  follow?: boolean;
  lines?: number;
}

export function registerLogs(root: Command): void {
  const command = addDaemonCommand(
    root,
    "logs",
    "Print the log of the daemon",
    ["liveopsd logs", "liveopsd logs -n 20 -f"],
    "none",
  );
  command
    .option("-f, --follow", "Print new lines as they are written")
    .option("-n, --lines <n>", "Print only the last <n> lines", lineCount)
    .action(async () => await printLog(allOptions<LogsOptions>(command)));
}

async function printLog(options: LogsOptions): Promise<void> {
  const { log } = layoutOf((await commandPlaces(options)).stateDir);
  const { follow = false, lines: most } = options;
  const count = most ?? Number.POSITIVE_INFINITY;
  const stats = lstatSync(log, { throwIfNoEntry: false });
  const why = stats === undefined ? null : whyIrregular(stats);
  if (why !== null)
    throw new NotFoundError(`${log} ${why}, so the daemon does not write its log; remove ${log}`);
  if (stats === undefined && !follow)
    throw new NotFoundError(`there is no log at ${log} yet; liveops start makes one`);
  const print = (line: string) => process.stdout.write(`${readable(line)}\n`);
  // Stored lines wait in the buffer until the last ones are known.
  let buffer: string[] | null = most === undefined ? null : [];
  const follower = new LogFollower(log, (line) => {
    if (buffer === null) print(line);
    else if (buffer.push(line) > KEPT_MOST * (count + 1)) buffer = lastOf(buffer, count);
  });
  follower.read();
  const last = buffer === null ? [] : lastOf(buffer, count);
  buffer = null;
  for (const line of last) print(line);
  if (!follow || !existsSync(dirname(log))) {
    follower.close();
    return;
  }
  watch(dirname(log), () => follower.read());
  setInterval(() => follower.read(), LOOK_MS);
}

/** Lines to keep before old ones are dropped, as a multiple of the lines to print. */
const KEPT_MOST = 4;

function lastOf(lines: string[], most: number): string[] {
  return lines.slice(Math.max(0, lines.length - most));
}

/** The value of `--lines`. */
export function lineCount(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0)
    throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return n;
}

/** Reads a log across its rotations: each line once, in order. */
class LogFollower {
  #tail: Tail;
  /** The inode of the older file, once its lines are printed. */
  #older: number | null = null;

  constructor(
    private readonly log: string,
    private readonly onLine: (line: string) => void,
  ) {
    this.#readOlder();
    this.#tail = new Tail(log);
  }

  read(): void {
    if (!isRegular(this.log)) return;
    this.#tail.read(this.onLine);
    const open = this.#tail.inode();
    const now = inodeOf(this.log);
    if (now === null || now === open) return;
    // The name belongs to another file now, so the open file is complete.
    this.#tail.read(this.onLine);
    this.#tail.close();
    const older = inodeOf(rotatedName(this.log));
    // Rotated twice since the last check: another file is between the open one and the new one.
    if (older !== open && older !== this.#older) this.#readOlder();
    this.#older = older;
    this.#tail = new Tail(this.log);
    this.read();
  }

  close(): void {
    this.#tail.close();
  }

  #readOlder(): void {
    const file = rotatedName(this.log);
    if (!isRegular(file)) return;
    const tail = new Tail(file);
    tail.read(this.onLine);
    this.#older = tail.inode();
    tail.close();
  }
}

function isRegular(file: string): boolean {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  return stats !== undefined && whyIrregular(stats) === null;
}

function inodeOf(file: string): number | null {
  return lstatSync(file, { throwIfNoEntry: false })?.ino ?? null;
}

/** pino's number of a level. */
const numberOf = (level: LogLevel) => (LOG_LEVELS.indexOf(level) + 1) * 10;

/** Null: the line is no record, such as the last words of a daemon that broke. */
function parse(line: string): Record<string, unknown> | null {
  try {
    const record = JSON.parse(line) as unknown;
    return typeof record === "object" && record !== null
      ? (record as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Formats a record as a line, with the stack of an error below; other text is shown unchanged. */
export function readable(line: string): string {
  const record = parse(line);
  if (record === null) return sanitize(line);
  const { level, time, msg, err, pid: _, ...rest } = record;
  const name = LOG_LEVELS.find((each) => numberOf(each) === level) ?? "?";
  const keys = Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}=${valueText(value)}`);
  const head = sanitize(`${logTime(String(time))} ${name.padEnd(5)} ${msg}${keys.join("")}`);
  const { stack, message } = (err ?? {}) as { stack?: string; message?: string };
  const error = stack ?? message;
  return error === undefined ? head : `${head}\n${sanitize(error, { newlines: true })}`;
}

function valueText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
