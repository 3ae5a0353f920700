/** `liveops retry`: runs a failed or cancelled operation again, as its next attempt. Prints the id. */
import { type Command, InvalidArgumentError } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { Refusal } from "../../protocol/errors.js";
import { UsageError } from "../../protocol/failures.js";
import type { RetryBody } from "../../protocol/requests.js";
import type { State } from "../../protocol/state.js";
import { repeatedText } from "../describe/repeated.js";
import { addCommand, everyday } from "../kit/options.js";
import {
  addResultOptions,
  checkResultOptions,
  type OutputOptions,
  printResult,
} from "../kit/output/options.js";
import { say } from "../kit/report.js";
import { namedOrNewest } from "./arguments.js";
import { connectOrStart } from "./connection.js";
import { givenParams } from "./options/params.js";
import { changedParameters } from "./pipeline-argument.js";
import { namedPrompts, type SecretValues, secretValues } from "./secrets.js";
import {
  addSelectionOptions,
  changeAll,
  givenSelection,
  hasSelection,
  type SelectionOptions,
  select,
} from "./selection.js";

type Done = NonNullable<RetryBody["done"]>;

interface RetryOptions extends SelectionOptions, OutputOptions {
  from?: string;
  current?: boolean;
  params?: string;
}

const RETRIED: readonly State[] = ["failed", "cancelled"];

export function registerRetry(root: Command): void {
  const retry = addCommand(root, "retry", "Run failed or cancelled operations again", [
    "liveops retry",
    "liveops retry --state failed --op backup",
    "liveops retry k3f --from Build",
    "liveops retry k3f --from Check/unit",
    "liveops retry k3f region=eu",
    "liveops retry k3f --done Build --output version=4.2",
    "liveops retry k3f --current",
    "liveops retry k3f --json | jq .attempt",
  ]);
  const done: Done = [];
  addSelectionOptions(retry, "failed and cancelled operations", RETRIED)
    .usage("[options] [id...] [name=value...]")
    .argument(
      "[id...]",
      "Operation ids, unique prefixes of 3 or more characters, or labels (default: the newest); then parameters of one operation to change: stages that are done run again",
    )
    .option("--from <stage>", "Rerun from this stage, or Stage/step (resumable types only)")
    .option(
      "--done <stage>",
      "Take this stage, or Stage/step, as done: a person has done it by hand. Each output that it declares follows as --output name=value (repeatable; resumable types only)",
      (stage: string) => {
        done.push({ stage });
        return done;
      },
    )
    .option("--params <json>", "Replace all parameters: a JSON object, @file, or - for stdin")
    .option("--current", "Run the pipeline file as it is now, not the text of the submit");
  takeOutputs(addResultOptions(retry, "Print the record as JSON"), done).action(
    async (words: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectOrStart<RetryOptions>(command);
      checkResultOptions(options);
      // No id has a `=`; a label that has one is named by --label.
      const named = words.filter((word) => !word.includes("="));
      const set = namedPrompts(words.filter((word) => word.includes("=")));
      const params = givenParams(options.params);
      if (set.length > 0 || done.length > 0 || params !== undefined) {
        if (named.length > 1 || hasSelection(options))
          throw new UsageError(
            "--done, --params and name=value are for one operation: give one id",
            `liveops retry ${named[0] ?? "k3f"} …`,
          );
        const before = await namedOrNewest(client, named[0]);
        const parameters = await changedParameters("retry", before, params, set);
        const secrets = await secretValues(set, [parameters.params, before.params]);
        const after = await client.retry(before.id, {
          ...retryFields(options, secrets),
          ...parameters,
          ...(done.length > 0 && { done }),
        });
        const repeats = repeatedText(before, after.params, done);
        if (repeats !== null) say(to, repeats, "yellow");
        printResult(options, after, after.id);
        return;
      }
      const selection = { verb: "retry", states: RETRIED, to };
      const selected = (await givenSelection(client, named, options, selection)) ?? {
        ids: [(await namedOrNewest(client, undefined)).id],
      };
      const secrets = await secretsFor(client, selected.ids, options);
      const lines = client.retryAll({ ...selected, ...retryFields(options, secrets) });
      process.exitCode = await changeAll(lines, selected, selection, (operation) => {
        printResult(options, operation, operation.id);
      });
    },
  );
  everyday(retry, ["--state", "--op", "--label", "--from", "--done", "--output", "--current", "--json"]);
}

/** `--output` has the form of the output, or an output of the stage of the `--done` before. */
function takeOutputs(command: Command, done: Done): Command {
  const output = command.options.find(({ long }) => long === "--output")!;
  const readFormat = output.parseArg!;
  output.argParser((word: string, format: unknown) => {
    const at = word.indexOf("=");
    if (at < 1) return readFormat(word, format);
    const last = done.at(-1);
    if (last === undefined)
      throw new InvalidArgumentError(`It follows --done: --done Build --output ${word}`);
    last.outputs = { ...last.outputs, [word.slice(0, at)]: word.slice(at + 1) };
    return format;
  });
  return command;
}

function retryFields({ from, current }: RetryOptions, secrets: SecretValues) {
  return {
    ...(from !== undefined && { from }),
    ...(current && { current }),
    ...(Object.keys(secrets).length > 0 && { secrets }),
  };
}

/** The values of the secrets of all operations, by their references. */
async function secretsFor(
  client: Client,
  ids: readonly string[] | undefined,
  options: SelectionOptions,
): Promise<SecretValues> {
  const all = ids ?? (await select(client, options, RETRIED)).map((it) => (it.omitted?.params ? it.id : it));
  const params: unknown[] = [];
  for (const each of all) {
    // The daemon refuses an id that is wrong, and retries the others.
    const record = typeof each === "string" ? await client.show(each).catch(ifRefused) : each;
    params.push(record?.params);
  }
  return secretValues([], params);
}

function ifRefused(error: unknown): null {
  if (error instanceof Refusal) return null;
  throw error;
}
