/**
 * `liveops run`: an operation in this process, in text mode, without a daemon.
 *
 * The work is a bundle of its own (`inline.ts`), loaded only here: it brings the authoring API, which the quick
 * commands must not pay for.
 */
import type { Command } from "commander";
import {
  addCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
} from "../../../protocol/command/options.js";
import { userOpsDirs } from "../../../protocol/places.js";
import { givenLabel } from "../given-label.js";
import { givenParams } from "../given-params.js";
import { trailingWords, withTrailing } from "../trailing.js";
import type { InlineRun } from "./inline.js";
import { CANCEL_VARIABLE, supervise } from "./supervise.js";

interface RunOptions {
  ops?: string[];
  params?: string;
  label?: string;
  json?: boolean;
}

const INLINE: string = "./run.js";

export function registerRun(root: Command): void {
  addCommand(root, "run", "Run an operation here, in text mode, without the daemon", [
    "liveops run backup source=. target=/tmp/backups",
    "liveops run --ops . import-users count=5",
    "liveops run shell -- make -j4",
  ])
    .usage("[options] <op> [name=value...] [-- ARG...]")
    .argument("<op>", "name of the operation type")
    .argument("[name=value...]", "parameters; name:=JSON says a value exactly")
    .option("--params <json>", "parameters as a JSON object, @file, or - for stdin; words come on top")
    .option("--label <text>", "a text to tell it by")
    .option("--ops <dir>", "a directory of operations, before all others (repeatable)", collect)
    .option("--json", "a fact or log line a line")
    .action(async (op: string, words: string[], _options: unknown, command: Command) => {
      if (process.env[CANCEL_VARIABLE] === undefined) {
        process.exitCode = await supervise();
        return;
      }
      const options = allOptions<RunOptions & GlobalOptions>(command);
      const { config } = commandPlaces(options);
      const { runHere } = (await import(INLINE)) as typeof import("./inline.js");
      const run: InlineRun = {
        op,
        params: givenParams(options.params),
        set: withTrailing(words, trailingWords()),
        label: givenLabel(options.label) ?? null,
        json: options.json === true,
        opsDirs: userOpsDirs({ ops: options.ops }, process.env, config),
      };
      await runHere(run);
    });
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
