/** `liveops submit`: submits an operation to the daemon. Prints the id, waits for the chain, or shows it live. */

import { type Command, Option } from "commander";
import type { Client } from "../../protocol/client/client.js";
import type { GlobalOptions } from "../../protocol/client/daemon-address.js";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { parseAddress } from "../../protocol/client/ssh/address.js";
import { submitPlace } from "../../protocol/client/submit-place.js";
import { UsageError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";
import { withTrailing } from "../../protocol/parameters.js";
import type { SubmitBody } from "../../protocol/requests.js";
import { LIMIT_NAMES, limitProblem, parseSize, type ResourceLimits } from "../../protocol/resource-limits.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { addCommand, reportTo } from "../kit/options.js";
import {
  addResultOptions,
  checkResultOptions,
  givenFormat,
  type OutputOptions,
  resultLine,
  wantsJson,
} from "../kit/output/options.js";
import {
  addExitStatus,
  currentDirectory,
  givenLabel,
  givenParams,
  TTY_TEXT,
  trailingWords,
  wantsTypeHelp,
  withTty,
} from "./arguments.js";
import { checkCwd } from "./check-cwd.js";
import { missingType } from "./command-hint.js";
import { connectFor } from "./connection.js";
import { addEnvironmentOptions, addedVariables, type EnvironmentOptions } from "./environment.js";
import { addHookOptions, givenHooks, type HookOptions } from "./hook-options.js";
import { isPipelineArgument, namingFile, pipelineSubmit } from "./pipeline-argument.js";
import {
  addHostOptions,
  addQueueOptions,
  addWaitOptions,
  givenHosts,
  givenPlacement,
  learnClock,
  type PlacementOptions,
} from "./placement.js";
import { namedPrompts, secretValues } from "./secrets.js";

/** The options of `liveops submit`. */
export interface SubmitOptions
  extends GlobalOptions,
    EnvironmentOptions,
    PlacementOptions,
    HookOptions,
    OutputOptions {
  params?: string;
  label?: string;
  cwd?: string;
  tty?: boolean;
  memoryMax?: string;
  cpuMax?: string;
  pidsMax?: string;
  wait?: boolean;
  follow?: boolean;
  exitStatus?: boolean;
  batch?: string;
  each?: string;
  key?: string;
  ifAbsent?: string;
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
export async function post(client: Client, words: SubmitWords): Promise<Operation> {
  await learnClock(client, words.options);
  const body = submitBody(client, { ...words, set: namedPrompts(words.set) });
  // Apart, because a schedule stores the body.
  const secrets = await secretValues(body.set ?? [], body.params);
  const key = words.options.key ?? newKey();
  return client.submit({ ...body, ...(Object.keys(secrets).length > 0 && { secrets }) }, key);
}

/**
 * What a command submits, with the caller's directory and environment, as far as they are true for the daemon.
 *
 * @throws UsageError for wrong options
 */
export function submitBody(client: Pick<Client, "socket" | "now">, words: SubmitWords): SubmitBody {
  const { op, set, trailing, options, allow } = words;
  const params = words.params ?? givenParams(options.params);
  const { ifAbsent } = options;
  const label = givenLabel(options.label ?? ifAbsent);
  const cwd = options.cwd ?? (options.remote === undefined ? currentDirectory("submit") : undefined);
  const place = submitPlace(client.socket, { cwd, allow });
  return {
    op,
    ...(params && { params }),
    set: withTrailing(withTty(set, options.tty), trailing),
    ...(label !== undefined && { label }),
    ...(ifAbsent !== undefined && { ifAbsent: true as const }),
    ...givenPlacement(options, client.now()),
    ...givenHosts(options),
    ...givenHooks(options),
    ...givenLimits(options),
    ...place,
    env: { ...place.env, ...addedVariables(options) },
  };
}

export const CWD_TEXT =
  "Directory that the operation runs in (default: the current one; with --host, the home directory there)";

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
    "liveops submit shell --tag gpu -- ./train",
    "liveops submit shell --exit-status -- make test",
    "liveops submit nightly.yaml target=s3:x",
  ])
    .usage("[options] <op|FILE.yaml|-> [name=value...] [-- ARG...]")
    .argument("[op]", "Name of the operation type; liveops ops lists them. Or a pipeline file; - is stdin")
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value")
    .option(
      "--params <json>",
      "Parameters as a JSON object, @file, or - for stdin; name=value arguments override them",
    )
    .option("--label <text>", "Label shown in lists")
    .option("--cwd <dir>", CWD_TEXT)
    .option("--tty", TTY_TEXT)
    .addOption(
      new Option(
        "--batch <file>",
        "Submit one operation for each line of a file, or of - for stdin: the body of a submit as JSON",
      ).conflicts(["each", "follow", "key", "ifAbsent"]),
    )
    .addOption(
      new Option(
        "--each <file>",
        "Submit one operation for each line of a file, or of - for stdin; the line replaces {} in the arguments",
      ).conflicts(["follow", "key", "ifAbsent"]),
    )
    .option("--key <text>", "Submit once for this key: the same command again returns the same operation")
    .addOption(
      new Option(
        "--if-absent <label>",
        "Submit with this label, unless an operation with the label is queued or running: then print its id",
      ).conflicts("label"),
    );
  addEnvironmentOptions(addHookOptions(addWaitOptions(addHostOptions(addQueueOptions(submit)))))
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
    .option("--follow", "Show the operation and its chain live in text mode");
  addResultOptions(
    submit,
    "Print the record as JSON; with --wait, the record of the last operation; with --follow, one JSON event per line",
  );
  addExitStatus(submit, "; waits as --wait does").action(
    async (op: string | undefined, set: string[], _options: unknown, command: Command) => {
      const { client, options, config } = connectFor<SubmitOptions>(command);
      checkResultOptions(options);
      await checkCwd(client, options);
      if (options.batch !== undefined || options.each !== undefined)
        return await submitMany(client, op, set, options, config.env?.allow, command);
      if (op === undefined)
        throw new UsageError(
          "the operation type is missing",
          missingType("submit", trailingWords()) ?? "liveops submit <op>; liveops ops lists the types",
        );
      if (wantsTypeHelp()) {
        const { showFile, showType } = await import("./type-help.js");
        if (isPipelineArgument(op)) return await showFile(op);
        return await showType(client, op, reportTo(command.parent!));
      }
      const allow = config.env?.allow;
      const trailing = trailingWords();
      const words = isPipelineArgument(op)
        ? {
            ...(await pipelineSubmit({ file: op, set: namedPrompts(set), trailing, params: options.params })),
            set: [],
          }
        : { op, set, trailing };
      const operation = await post(client, { trailing: undefined, ...words, options, allow }).catch(
        (error) => {
          throw namingFile(error, op, "submit", [...set, ...(trailing ?? [])]);
        },
      );
      if (options.remote !== undefined && options.cwd === undefined && !options.json && process.stderr.isTTY)
        process.stderr.write(
          `runs in ${sanitize(operation.cwd)} on ${parseAddress(options.remote).name}; --cwd names another directory\n`,
        );
      await afterSubmit(client, operation, options, command);
    },
  );
}

/** `--batch` and `--each`: prints the ids, or with `--wait` waits for all chains. */
async function submitMany(
  client: Client,
  op: string | undefined,
  set: string[],
  options: SubmitOptions,
  allow: readonly string[] | undefined,
  command: Command,
): Promise<void> {
  const { batchBodies, eachBodies, readLinesOf, submitAll } = await import("./submit-many.js");
  await learnClock(client, options);
  const trailing = trailingWords();
  let bodies: ReturnType<typeof batchBodies>;
  if (options.batch !== undefined) {
    const {
      params: _,
      set: __,
      op: ___,
      ...common
    } = submitBody(client, { op: "", set: [], trailing: undefined, options, allow });
    if (set.length > 0 || trailing !== undefined || options.params !== undefined)
      throw new UsageError(
        "--batch takes the parameters from the lines",
        'write {"op": "shell", "params": {…}}',
      );
    const source = options.batch === "-" ? "stdin" : options.batch;
    bodies = batchBodies(
      readLinesOf(options.batch, "--batch"),
      { ...common, ...(op !== undefined && { op }) },
      source,
    );
  } else {
    if (op === undefined)
      throw new UsageError("--each needs the operation type", "liveops submit <op> --each FILE");
    const text = readLinesOf(options.each!, "--each");
    const common = submitBody(client, { op, set: [], trailing: undefined, options, allow });
    const words = [...set, ...(trailing ?? []), ...(options.label === undefined ? [] : [options.label])];
    bodies = eachBodies(text, words, (replaced) => ({
      ...common,
      set: withTrailing(set.map(replaced), trailing?.map(replaced)),
      ...(common.label !== undefined && { label: replaced(common.label!) }),
    }));
  }
  const ids: string[] = [];
  const waits = options.wait === true || options.exitStatus === true;
  await submitAll(client, bodies, (operations) => {
    ids.push(...operations.map(({ id }) => id));
    if (!waits) process.stdout.write(operations.map((it) => `${resultLine(options, it, it.id)}\n`).join(""));
  });
  if (bodies.length === 0) process.stderr.write("no lines, so nothing was submitted\n");
  if (!waits || ids.length === 0) return;
  const { waitForAll } = await import("./wait-for-all.js");
  const { exitStatus = false } = options;
  const to = reportTo(command.parent!);
  process.exitCode = await waitForAll(client, {
    ...{ ids, output: givenFormat(options), exitStatus, to, all: null, timeoutSeconds: null, any: false },
  });
}

/** Prints the submitted operation, waits for its chain, or shows the chain live; sets the exit code. */
export async function afterSubmit(
  client: Client,
  operation: Operation,
  options: Pick<SubmitOptions, "follow" | "wait" | "output" | "json" | "exitStatus">,
  command: Command,
): Promise<void> {
  const { exitStatus = false } = options;
  const json = wantsJson(options);
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
  } else process.stdout.write(`${resultLine(options, operation, operation.id)}\n`);
}
