/**
 * `liveops submit`: submits an operation to the daemon. Prints the id, waits for the chain, or
 * shows it live.
 */

import { type Command, Option } from "commander";
import { remoteOf } from "../../../protocol/client/address.js";
import type { Client } from "../../../protocol/client/client.js";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { UsageError } from "../../../protocol/failures.js";
import type { Operation } from "../../../protocol/operation.js";
import type { SubmitBody } from "../../../protocol/requests.js";
import { withTrailing } from "../../../protocol/schema/parameters.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { addCommand, everyday } from "../../kit/options.js";
import { resultLine } from "../../kit/output/options.js";
import type { ReportTo } from "../../kit/report.js";
import { addSecretValues, withSecretValues } from "../../kit/secret-values.js";
import { trailingWords, wantsTypeHelp } from "../arguments.js";
import { connectFor, connectOrStart } from "../connection.js";
import { checkCwd, placeHere } from "../options/cwd.js";
import { addSubmitOptions, type SubmitFlags, submitFields } from "../options/list.js";
import type { Context } from "../options/option.js";
import { givenParams, withTty } from "../options/params.js";
import { isPipelineArgument, namingFile, pipelineSubmit } from "../pipeline-argument.js";
import { askSecret, namedPrompts, secretValues } from "../secrets.js";
import { addOutcomeOptions, afterSubmit, type OutcomeOptions } from "./after-submit.js";

/** The options of `liveops submit`. */
export type SubmitOptions = SubmitFlags &
  OutcomeOptions & { batch?: string; each?: string; key?: string };

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
async function post(client: Client, words: SubmitWords): Promise<Operation> {
  const body = await submitBody(client, { ...words, set: namedPrompts(words.set) });
  // Apart, because a schedule stores the body.
  const secrets = await secretValues(body.set ?? [], body.params);
  const key = words.options.key ?? newKey();
  const whole = { ...body, ...(Object.keys(secrets).length > 0 && { secrets }) };
  return withSecretValues(
    client.socket,
    (values) => client.submit(addSecretValues(whole, values), key),
    askSecret,
  );
}

/**
 * The request of a submit, with the caller's directory and environment if they are valid for the
 * daemon.
 *
 * @throws UsageError for wrong options
 */
export async function submitBody(
  client: Context["client"],
  words: SubmitWords,
  form: "submit" | "schedule" = "submit",
): Promise<SubmitBody> {
  const { op, set, trailing, options, allow } = words;
  const params = words.params ?? givenParams(options.params);
  return {
    op,
    params,
    set: withTrailing(withTty(set, options.tty), trailing),
    ...(await submitFields(options, { form, client, allow })),
  };
}

export function registerSubmit(root: Command): void {
  const submit = addCommand(root, "submit", "Submit an operation to the daemon and print its id", [
    "liveops submit -- make -j4",
    "liveops submit 'make test && make install'",
    "liveops submit backup source=. target=/tmp/backups",
    "liveops submit --label build --follow -- make -j4",
    `liveops submit backup --params '{"source": ".", "target": "/tmp/backups"}' --wait --json`,
    "liveops submit --queue gpu --priority 5 --after k3f -- ./train",
    "liveops submit backup source=. target=/srv --at 'tomorrow 06:00'",
    "liveops submit --tag gpu -- ./train",
    "liveops submit --exit-status -- make test",
    "liveops submit nightly.yaml target=s3:x",
  ])
    .usage(
      "[options] <op|FILE.yaml|-> [name=value...] [-- ARG...]\n       liveops submit [options] -- COMMAND [ARG...]",
    )
    .argument(
      "[op]",
      "Name of the operation type; liveops ops lists them. Or a pipeline file; - is stdin",
    )
    .argument("[name=value...]", "Parameters; name:=JSON gives an exact JSON value");
  addSubmitOptions(submit, "submit")
    .addOption(
      new Option(
        "--each <file>",
        "Submit one operation for each line of a file, or of - for stdin; the line replaces {} in the arguments",
      ).conflicts(["follow", "key", "ifAbsent"]),
    )
    .option(
      "--key <text>",
      "Submit once for this key: the same command again returns the same operation",
    );
  addOutcomeOptions(submit).action(
    async (op: string | undefined, set: string[], _options: unknown, command: Command) => {
      const connect = wantsTypeHelp() ? connectFor : connectOrStart;
      const { client, options, to, config } = await connect<SubmitOptions>(command);
      await checkCwd(client, options);
      if (options.each !== undefined)
        return await submitMany(client, op, set, options, config.env?.allow, to);
      if (op === undefined)
        throw new UsageError(
          "the operation type is missing",
          "liveops submit -- COMMAND, or liveops submit <op>; liveops ops lists the types",
        );
      if (wantsTypeHelp()) {
        const { showFile, showType } = await import("../type-help.js");
        if (isPipelineArgument(op)) return await showFile(op);
        return await showType(client, op, to);
      }
      const allow = config.env?.allow;
      const trailing = trailingWords();
      const words = isPipelineArgument(op)
        ? {
            ...(await pipelineSubmit({
              file: op,
              set: namedPrompts(set),
              trailing,
              params: options.params,
              place: () => placeHere(client, options),
            })),
            set: [],
          }
        : { op, set, trailing };
      const operation = await post(client, { trailing: undefined, ...words, options, allow }).catch(
        async (error) => {
          const isHere = remoteOf(client.socket) === null;
          throw await namingFile(error, op, "submit", [...set, ...(trailing ?? [])], isHere);
        },
      );
      const remote = remoteOf(options.remote);
      if (remote !== null && options.cwd === undefined && !options.json && process.stderr.isTTY)
        process.stderr.write(
          `runs in ${sanitize(operation.cwd)} on ${remote.name}; --cwd names another directory\n`,
        );
      await afterSubmit(client, operation, options, to);
    },
  );
  everyday(submit, [
    "--label",
    "--queue",
    "--after",
    "--in",
    "--at",
    "--wait",
    "--follow",
    "--json",
  ]);
}

/** `--each`: prints the ids, or with `--wait` waits for all chains. */
async function submitMany(
  client: Client,
  op: string | undefined,
  set: string[],
  options: SubmitOptions,
  allow: readonly string[] | undefined,
  to: ReportTo,
): Promise<void> {
  const { eachBodies, readLinesOf, submitAll } = await import("./many.js");
  const trailing = trailingWords();
  if (op === undefined)
    throw new UsageError("--each needs the operation type", "liveops submit <op> --each FILE");
  const text = readLinesOf(options.each!);
  const common = await submitBody(client, { op, set: [], trailing: undefined, options, allow });
  const words = [
    ...set,
    ...(trailing ?? []),
    ...(options.label === undefined ? [] : [options.label]),
  ];
  const bodies = eachBodies(text, words, (replaced) => ({
    ...common,
    set: withTrailing(set.map(replaced), trailing?.map(replaced)),
    ...(common.label !== undefined && { label: replaced(common.label!) }),
  }));
  const ids: string[] = [];
  const waits = options.wait === true || options.exitStatus === true;
  await submitAll(client, bodies, (operations) => {
    ids.push(...operations.map(({ id }) => id));
    if (!waits)
      process.stdout.write(operations.map((it) => resultLine(options, it, it.id)).join(""));
  });
  if (bodies.length === 0) process.stderr.write("no lines, so nothing was submitted\n");
  if (!waits || ids.length === 0) return;
  const { waitForAll } = await import("../follow/wait-for-all.js");
  const { exitStatus = false } = options;
  process.exitCode = await waitForAll(client, {
    ids,
    json: options.json === true,
    exitStatus,
    to,
    all: null,
    timeoutSeconds: null,
    any: false,
  });
}
