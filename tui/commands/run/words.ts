/**
 * What was typed for a `run`, done: in the command's own process the child is started, in the child the operation.
 *
 * The work is a bundle of its own (`inline.ts`), loaded only in the child: it brings the authoring API.
 */
import { statSync } from "node:fs";
import { useCompileCache } from "../../../protocol/command/compile-cache.js";
import { commandPlaces, type GlobalOptions } from "../../../protocol/command/daemon-address.js";
import { say } from "../../../protocol/command/report.js";
import { userOpsDirs } from "../../../protocol/places.js";
import { currentDirectory } from "../current-directory.js";
import { givenLabel } from "../given-label.js";
import { givenParams } from "../given-params.js";
import { withTrailing } from "../trailing.js";
import { CANCEL_VARIABLE } from "./child.js";

export interface RunOptions extends GlobalOptions {
  ops?: string[];
  params?: string;
  label?: string;
  json?: boolean;
}

export interface RunWords {
  op: string;
  /** Words `name=value`. */
  set: string[];
  /** What followed `--`; undefined where there was none. */
  trailing: string[] | undefined;
  options: RunOptions;
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
  const { config } = commandPlaces(options);
  for (const dir of options.ops ?? [])
    if (!isDirectory(dir)) say(TO, `--ops ${dir}: there is no such directory`, "yellow");
  useCompileCache();
  const { runHere } = (await import(INLINE)) as typeof import("./inline.js");
  await runHere({
    op,
    params: givenParams(options.params),
    set: withTrailing(set, trailing),
    label: givenLabel(options.label) ?? null,
    json: options.json === true,
    opsDirs: userOpsDirs({ ops: options.ops }, process.env, config),
  });
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
