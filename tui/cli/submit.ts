/** `liveops submit`: submits an operation to the daemon. Prints the id, waits for the chain, or shows it live. */
import { type Command, Option } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { newKey } from "../../protocol/client/idempotency-key.js";
import type { GlobalOptions } from "../../protocol/command/daemon-address.js";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import type { Operation } from "../../protocol/operation.js";
import type { SubmitBody } from "../../protocol/requests.js";
import { LIMIT_NAMES, limitProblem, parseSize, type ResourceLimits } from "../../protocol/resource-limits.js";
import { jsonLine } from "../terminal/json.js";
import {
  addExitStatus,
  currentDirectory,
  givenLabel,
  givenParams,
  trailingWords,
  wantsTypeHelp,
  withTrailing,
} from "./arguments.js";
import { connectFor } from "./connection.js";
import { addEnvironmentOptions, type EnvironmentOptions, submittedVariables } from "./environment.js";
import { addHookOptions, givenHooks, type HookOptions } from "./hook-options.js";
import { isPipelineArgument, pipelineSubmit } from "./pipeline-argument.js";
import { addQueueOptions, addWaitOptions, givenPlacement, type PlacementOptions } from "./placement.js";

/** The options of `liveops submit`. */
export interface SubmitOptions extends GlobalOptions, EnvironmentOptions, PlacementOptions, HookOptions {
  params?: string;
  label?: string;
  memoryMax?: string;
  cpuMax?: string;
  pidsMax?: string;
  wait?: boolean;
  follow?: boolean;
  json?: boolean;
  exitStatus?: boolean;
}

export interface SubmitWords {
  op: string;
  /** Instead of those of `options.params`. */
  params?: Record<string, unknown>;
  set: string[];
  /** The words after `--`; undefined where there was none. */
  trailing: string[] | undefined;
  options: SubmitOptions;
  /** `env.allow` of the config file. */
  allow?: readonly string[] | undefined;
}

/** Submits the operation with the caller's directory, environment and an idempotency key. */
export function post(client: Client, words: SubmitWords): Promise<Operation> {
  return client.submit(submitBody(words), newKey());
}

/** What a command submits, with the caller's directory and environment. @throws UsageError for wrong options */
export function submitBody(words: SubmitWords): SubmitBody {
  const { op, set, trailing, options, allow } = words;
  const params = words.params ?? givenParams(options.params);
  const label = givenLabel(options.label);
  return {
    op,
    ...(params && { params }),
    set: withTrailing(set, trailing),
    ...(label !== undefined && { label }),
    ...givenPlacement(options),
    ...givenHooks(options),
    ...givenLimits(options),
    cwd: currentDirectory("submit"),
    env: submittedVariables(options, allow),
  };
}

const LIMIT_FLAGS = { memoryMax: "--memory-max", cpuMax: "--cpu-max", pidsMax: "--pids-max" } as const;

/** @throws UsageError where a limit is not valid */
function givenLimits(options: SubmitOptions): ResourceLimits {
  const limits: ResourceLimits = {};
  for (const name of LIMIT_NAMES) {
    const text = options[name];
    if (text === undefined) continue;
    const value = name === "memoryMax" ? parseSize(text) : /\d/.test(text) ? Number(text) : null;
    const problem = limitProblem(name, value);
    const hint = name === "memoryMax" ? "give 512M, 2G or a number of bytes" : undefined;
    if (problem !== null) throw new UsageError(`${LIMIT_FLAGS[name]} ${problem}, not '${text}'`, hint);
    limits[name] = value as number;
  }
  return limits;
}

export function registerSubmit(root: Command): void {
  const submit = addCommand(root, "submit", "Submit an operation to the daemon and print its id", [
    "liveops submit backup source=. target=/tmp/backups",
    "liveops submit shell --label build --follow -- make -j4",
    `liveops submit backup --params '{"source": "."}' --wait --json`,
    "liveops submit shell --queue gpu --priority 5 --after k3f -- ./train",
    "liveops submit backup source=. target=/srv --at 'tomorrow 06:00'",
    "liveops submit shell --exit-status -- make test",
    "liveops submit nightly.yaml target=s3:x",
  ])
    .usage("[options] <op|FILE.yaml|-> [name=value...] [-- ARG...]")
    .argument("<op>", "Name of the operation type; liveops ops lists them. Or a pipeline file; - is stdin")
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value")
    .option(
      "--params <json>",
      "Parameters as a JSON object, @file, or - for stdin; name=value arguments override them",
    )
    .option("--label <text>", "Label shown in lists");
  addEnvironmentOptions(addHookOptions(addWaitOptions(addQueueOptions(submit))))
    .option("--memory-max <size>", "Limit the memory of the operation and its processes, such as 512M or 2G")
    .option(
      "--cpu-max <cores>",
      "Limit the CPU use of the operation and its processes, in cores, such as 1.5",
    )
    .option("--pids-max <n>", "Limit the processes and threads of the operation, such as 200")
    .addOption(
      new Option(
        "--wait",
        "Wait for the chain to finish; the exit code is the outcome of the last operation",
      ).conflicts("follow"),
    )
    .option("--follow", "Show the operation and its chain live in text mode")
    .option(
      "--json",
      "Print the record as JSON; with --wait, the record of the last operation; with --follow, one JSON event per line",
    );
  addExitStatus(submit, "; waits as --wait does").action(
    async (op: string, set: string[], _options: unknown, command: Command) => {
      const { client, options, config } = connectFor<SubmitOptions>(command);
      if (wantsTypeHelp()) {
        const { showFile, showType } = await import("./type-help.js");
        if (isPipelineArgument(op)) return await showFile(op);
        return await showType(client, op, reportTo(command.parent!));
      }
      const allow = config.env?.allow;
      const trailing = trailingWords();
      const words = isPipelineArgument(op)
        ? { ...(await pipelineSubmit({ file: op, set, trailing, params: options.params })), set: [] }
        : { op, set, trailing };
      const operation = await post(client, { trailing: undefined, ...words, options, allow });
      await afterSubmit(client, operation, options, command);
    },
  );
}

/** Prints the submitted operation, waits for its chain, or shows the chain live; sets the exit code. */
export async function afterSubmit(
  client: Client,
  operation: Operation,
  options: Pick<SubmitOptions, "follow" | "wait" | "json" | "exitStatus">,
  command: Command,
): Promise<void> {
  const { json = false, exitStatus = false } = options;
  const isAsked = operation.notBefore !== null || operation.waitsFor !== null;
  if (!json && !options.follow && (isAsked || process.stderr.isTTY)) {
    const { startNote } = await import("./start-note.js");
    const note = await startNote(client, operation);
    if (note !== null) process.stderr.write(`${note}\n`);
  }
  if (options.follow) {
    const { followInText } = await import("./follow/in-text.js");
    if (!json) process.stderr.write(`submitted ${operation.id}\n`);
    process.exitCode = await followInText(client, operation, { json, exitStatus });
  } else if (options.wait || exitStatus) {
    const { waitAfterSubmit } = await import("./wait-for-all.js");
    process.exitCode = await waitAfterSubmit(
      client,
      operation,
      { json, exitStatus },
      reportTo(command.parent!),
    );
  } else process.stdout.write(`${json ? jsonLine(operation) : operation.id}\n`);
}
