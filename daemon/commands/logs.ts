/** `liveopsd logs [-f]`: the daemon's own log, from its file, so that it can be read when the daemon is dead. */
import { existsSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { NotFoundError } from "../../protocol/command/failures.js";
import { neutralise } from "../../protocol/command/neutralise.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import { Tail } from "../run-files/tail.js";
import { layoutOf } from "../store/layout.js";

export function registerLogs(root: Command): void {
  const command = addCommand(root, "logs", "Print the daemon's own log.", [
    "liveopsd logs",
    "liveopsd logs -f",
  ]);
  command.option("-f, --follow", "go on as it grows").action(() => {
    const options = allOptions<GlobalOptions & { follow?: boolean }>(command);
    const { log } = layoutOf(commandPlaces(options).stateDir);
    if (!existsSync(log) && !options.follow)
      throw new NotFoundError(`there is no log at ${log} yet; liveopsd start makes one`);
    const tail = new Tail(log);
    const print = () => tail.read((line) => process.stdout.write(`${readable(line)}\n`));
    print();
    if (options.follow && existsSync(dirname(log))) watch(dirname(log), print);
    else tail.close();
  });
}

const LEVELS: Record<number, string> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warning",
  50: "error",
  60: "fatal",
};

/** One pino record as a line; what is not one is shown as it is. */
function readable(line: string): string {
  try {
    const { level, time, msg, err, pid: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const more = Object.entries(rest).map(
      ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    const stack = (err as { stack?: string } | undefined)?.stack;
    const head = `${time} ${(LEVELS[level as number] ?? "?").padEnd(7)} ${msg}${more.join("")}`;
    return neutralise(head) + (stack ? `\n${neutralise(stack, { newlines: true })}` : "");
  } catch {
    return neutralise(line);
  }
}
