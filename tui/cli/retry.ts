/**
 * `liveops retry`: runs failed or cancelled operations again, as their next attempts. Prints the
 * ids, or follows one.
 */
import { type Command, InvalidArgumentError } from "commander";
import { remoteOf } from "../../protocol/client/address.js";
import type { Client } from "../../protocol/client/client.js";
import { Refusal } from "../../protocol/errors.js";
import { UsageError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";
import { keptTextIn } from "../../protocol/pipeline/kept-text.js";
import type { RetryBody } from "../../protocol/requests.js";
import type { State } from "../../protocol/state.js";
import { readRegularFile } from "../../protocol/system/own-file.js";
import { repeatedText } from "../describe/repeated.js";
import { addCommand, everyday } from "../kit/options.js";
import { printLines } from "../kit/output/print.js";
import { type ReportTo, say } from "../kit/report.js";
import type { SecretValues } from "../kit/secret-values.js";
import { namedOrNewest } from "./arguments.js";
import { connectOrStart } from "./connection.js";
import { givenParams } from "./options/params.js";
import { changedParameters } from "./pipeline-argument.js";
import { namedPrompts, secretValues } from "./secrets.js";
import {
  addSelectionOptions,
  changeAll,
  givenSelection,
  hasSelection,
  type SelectionOptions,
  select,
} from "./selection.js";
import { addFollow } from "./submit/after-submit.js";

type Done = NonNullable<RetryBody["done"]>;

interface RetryOptions extends SelectionOptions {
  from?: string;
  current?: boolean;
  follow?: boolean;
  params?: string;
}

/** A pipeline has at most 64 KiB. */
const MOST_BYTES = 64 * 1024;

const RETRIED: readonly State[] = ["failed", "cancelled"];

export function registerRetry(root: Command): void {
  const retry = addCommand(root, "retry", "Run failed or cancelled operations again", [
    "liveops retry",
    "liveops retry --state failed --op backup",
    "liveops retry k3f --from Build",
    "liveops retry k3f --from Check/unit",
    "liveops retry k3f region=eu",
    "liveops retry k3f --done Build --output version=4.2",
    "liveops retry k3f --current --follow",
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
  addFollow(retry)
    .option(
      "--output <output=value>",
      "An output of the stage of the --done before (repeatable)",
      (word: string) => takeOutput(done, word),
    )
    .action(async (words: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectOrStart<RetryOptions>(command);
      const told = (operation: Operation) => {
        printLines([operation.id]);
        if (operation.status !== null) say(to, operation.status.text, "yellow");
      };
      // No id has a `=`; a label that has one is named by --label.
      const named = words.filter((word) => !word.includes("="));
      const set = namedPrompts(words.filter((word) => word.includes("=")));
      const params = givenParams(options.params);
      if (options.follow || set.length > 0 || done.length > 0 || params !== undefined) {
        if (named.length > 1 || hasSelection(options))
          throw new UsageError(
            "--follow, --done, --params and name=value are for one operation: give one id",
            `liveops retry ${named[0] ?? "k3f"} …`,
          );
        const before = await namedOrNewest(client, named[0]);
        sayOldText(client, before, options, to);
        const parameters = await changedParameters("retry", before, params, set);
        const secrets = await secretValues(set, [parameters.params, before.params]);
        const after = await client.retry(before.id, {
          ...retryFields(options, secrets),
          ...parameters,
          ...(done.length > 0 && { done }),
        });
        const repeats = repeatedText(before, after.params, done);
        if (repeats !== null) say(to, repeats, "yellow");
        if (options.follow) {
          const { followInText } = await import("./follow/in-text.js");
          process.exitCode = await followInText(
            client,
            after,
            { json: false, exitStatus: false },
            to,
          );
        } else told(after);
        return;
      }
      const selection = { verb: "retry", states: RETRIED, to };
      const selected = givenSelection(named, options, selection) ?? {
        ids: [(await namedOrNewest(client, undefined)).id],
      };
      const secrets = await secretsFor(client, selected.ids, options, to);
      const lines = client.retryAll({ ...selected, ...retryFields(options, secrets) });
      process.exitCode = await changeAll(lines, selected, selection, told);
    });
  everyday(retry, [
    "--state",
    "--op",
    "--label",
    "--from",
    "--done",
    "--output",
    "--current",
    "--follow",
  ]);
}

function takeOutput(done: Done, word: string): void {
  const at = word.indexOf("=");
  const last = done.at(-1);
  if (at < 1) throw new InvalidArgumentError("Give name=value.");
  if (last === undefined)
    throw new InvalidArgumentError(`It follows --done: --done Build --output ${word}`);
  last.outputs = { ...last.outputs, [word.slice(0, at)]: word.slice(at + 1) };
}

function retryFields({ from, current }: RetryOptions, secrets: SecretValues) {
  return {
    from,
    current,
    ...(Object.keys(secrets).length > 0 && { secrets }),
  };
}

/**
 * The values of the secrets of all operations, by their references. Says whose text is an old one.
 */
async function secretsFor(
  client: Client,
  ids: readonly string[] | undefined,
  options: RetryOptions,
  to: ReportTo,
): Promise<SecretValues> {
  const all =
    ids ?? (await select(client, options, RETRIED)).map((it) => (it.large === null ? it : it.id));
  const params: unknown[] = [];
  for (const each of all) {
    // The daemon refuses an id that is wrong, and retries the others.
    const record = typeof each === "string" ? await client.show(each).catch(ifRefused) : each;
    if (record === null) continue;
    params.push(record.params);
    sayOldText(client, record, options, to);
  }
  return secretValues([], params);
}

/** Says that the file was edited, and that the retry runs the text of the submit all the same. */
function sayOldText(
  { socket }: Client,
  { id, op, params }: Operation,
  { current }: RetryOptions,
  to: ReportTo,
): void {
  const kept = op === "pipeline" ? keptTextIn(params) : null;
  if (current || kept === null || kept.path === null || remoteOf(socket) !== null) return;
  try {
    if (readRegularFile(kept.path, MOST_BYTES).toString("utf8") === kept.text) return;
  } catch {
    return;
  }
  say(
    to,
    `${kept.path} has changed since the submit; the retry runs the text of the submit. To run the present text: liveops retry ${id} --current`,
    "yellow",
  );
}

function ifRefused(error: unknown): null {
  if (error instanceof Refusal) return null;
  throw error;
}
