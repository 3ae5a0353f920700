/** `liveops run`: runs an operation in text mode, without a daemon. */

import { existsSync } from "node:fs";
import type { Command } from "commander";
import { commandPlaces } from "../../../protocol/client/daemon-address.js";
import { withTrailing } from "../../../protocol/schema/parameters.js";
import { checkedLabel } from "../../../protocol/submit-fields.js";
import { stampsIn, userOpsDirs } from "../../../protocol/system/places.js";
import { addCommand, allOptions } from "../../kit/options.js";
import { say } from "../../kit/report.js";
import { addExitStatus, trailingWords, wantsTypeHelp } from "../arguments.js";
import { currentDirectory } from "../options/cwd.js";
import { givenVariables } from "../options/environment.js";
import { addSubmitOptions, type SubmitFlags } from "../options/list.js";
import { withTty } from "../options/params.js";
import { CANCEL_VARIABLE } from "./child.js";

/**
 * The options of `liveops run`.
 *
 * The command starts a child process with the same command line; the child runs the operation. Only
 * the child loads the bundle of `inline.ts`, which includes the authoring API.
 */
export interface RunCommandOptions extends SubmitFlags {
  ops?: string[];
  json?: boolean;
  exitStatus?: boolean;
}

export interface RunWords {
  op: string;
  /** Arguments `name=value`. */
  set: string[];
  /** The words after `--`; undefined where there was none. */
  trailing: string[] | undefined;
  options: RunCommandOptions;
}

const TO = { program: "liveops" };

const INLINE: string = "./run.js";

/** Sets the exit code. */
export async function runWords({ op, set, trailing, options }: RunWords): Promise<void> {
  currentDirectory("run");
  if (process.env[CANCEL_VARIABLE] === undefined) {
    const { supervise } = await import("./supervise.js");
    process.exitCode = await supervise();
    return;
  }
  const { config, stateDir } = await commandPlaces(options, process.env, "throw");
  for (const path of options.ops ?? [])
    if (!existsSync(path)) say(TO, `--ops ${path}: no such directory or file`, "yellow");
  const { runHere } = (await import(INLINE)) as typeof import("./inline.js");
  await runHere({
    op,
    params: options.params,
    set: withTrailing(withTty(set, options.tty), trailing),
    label: checkedLabel(options.label) || null,
    json: options.json === true,
    exitStatus: options.exitStatus === true,
    force: options.force === true,
    stampsDir: stampsIn(stateDir),
    env: givenVariables(options),
    help: wantsTypeHelp(),
    ops: options.ops,
    opsDirs: userOpsDirs({ ops: options.ops }, process.env, config),
  });
}

export function registerRun(root: Command): void {
  const run = addCommand(
    root,
    "run",
    "Run an operation in text mode, without the daemon",
    [
      "liveops run backup source=. target=/tmp/backups",
      "liveops run --ops . import-users count=5",
      "liveops run -- make -j4",
      "liveops run nightly.yaml target=s3:x",
    ],
    "none",
  )
    .usage(
      "[options] <op|FILE.yaml|-> [name=value...] [-- ARG...]\n       liveops run [options] -- COMMAND [ARG...]",
    )
    .argument("<op>", "Name of the operation type. Or a pipeline file; - is stdin")
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value");
  addSubmitOptions(run, "run")
    .option(
      "--ops <path>",
      "Directory of operation files, or one file, searched before all others (repeatable)",
      collect,
    )
    .option("--json", "Print one JSON event per line, log lines included");
  addExitStatus(run).action((op: string, set: string[], _options: unknown, command: Command) =>
    runWords({
      op,
      set,
      trailing: trailingWords(),
      options: allOptions<RunCommandOptions>(command),
    }),
  );
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
