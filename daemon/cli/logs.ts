/** `liveopsd logs [-f]`: prints the daemon's log from its files, so that the log of a dead daemon can be read. */
import { existsSync, lstatSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { NotFoundError } from "../../protocol/command/failures.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import { addPagerOption, type PagerOptions } from "../../protocol/output/pager.js";
import { printLines } from "../../protocol/output/print.js";
import { whyIrregular } from "../../protocol/own-file.js";
import { rotatedName } from "../log/log-file.js";
import { Tail } from "../run-files/tail.js";
import { layoutOf } from "../store/layout.js";

/** Milliseconds between two checks of the file; `fs.watch` is only a hint. */
const LOOK_MS = 500;

export function registerLogs(root: Command): void {
  const command = addCommand(root, "logs", "Print the log of the daemon", [
    "liveopsd logs",
    "liveopsd logs -f",
  ]);
  command.option("-f, --follow", "Print new lines as they are written");
  addPagerOption(command).action(async () => {
    const options = allOptions<GlobalOptions & PagerOptions & { follow?: boolean }>(command);
    const { log } = layoutOf(commandPlaces(options).stateDir);
    const stats = lstatSync(log, { throwIfNoEntry: false });
    const why = stats === undefined ? null : whyIrregular(stats);
    if (why !== null)
      throw new NotFoundError(`${log} ${why}, so the daemon does not write its log; remove ${log}`);
    if (stats === undefined && !options.follow)
      throw new NotFoundError(`there is no log at ${log} yet; liveopsd start makes one`);
    if (!options.follow) {
      const lines: string[] = [];
      const reader = new LogFollower(log, (line) => lines.push(readable(line)));
      reader.read();
      reader.close();
      return printLines(lines, options);
    }
    const follower = new LogFollower(log, (line) => process.stdout.write(`${readable(line)}\n`));
    follower.read();
    if (!existsSync(dirname(log))) return follower.close();
    watch(dirname(log), () => follower.read());
    setInterval(() => follower.read(), LOOK_MS);
  });
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

const LEVELS: Record<number, string> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warning",
  50: "error",
  60: "fatal",
};

/** Formats a pino record as a line; other text is shown unchanged. */
function readable(line: string): string {
  try {
    const { level, time, msg, err, pid: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const more = Object.entries(rest).map(
      ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    const stack = (err as { stack?: string } | undefined)?.stack;
    const head = `${time} ${(LEVELS[level as number] ?? "?").padEnd(7)} ${msg}${more.join("")}`;
    return sanitize(head) + (stack ? `\n${sanitize(stack, { newlines: true })}` : "");
  } catch {
    return sanitize(line);
  }
}
