/** `liveops ops`: lists operation types with stages and parameters; load errors go to stderr. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.js";
import { UsageError } from "../../protocol/failures.js";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import { renderParameters } from "../../protocol/schema/parameters.js";
import type { Config } from "../../protocol/system/config-settings.js";
import { userOpsDirs } from "../../protocol/system/places.js";
import { type Paint, paintFor } from "../../protocol/text/colour.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { unknownType } from "../../protocol/text/unknown-name.js";
import { addCommand, type GlobalOptions } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import type { OutputOptions } from "../kit/output/options.js";
import { printLines } from "../kit/output/print.js";
import { type ReportTo, report, say } from "../kit/report.js";
import { connectFor } from "./connection.js";
import { CANCEL_VARIABLE } from "./run/child.js";
import { stagesText, typePage } from "./type-page/type-page.js";

/** An operation type as text lines. Pure. */
export function typeLines(type: OperationType, paint: Paint): string[] {
  const title = type.title === "" ? "" : `  ${sanitize(type.title)}`;
  const resumable = type.resumable ? paint("dim", "  resumable") : "";
  return [
    `${paint("bold", sanitize(type.op))}${title}${resumable}`,
    `  ${paint("dim", "stages")}  ${stagesText(type.stages)}`,
    `  ${paint("dim", "parameters")}`,
    ...renderParameters(type.params).map((line) => `    ${sanitize(line)}`),
    `  ${paint("dim", "file")}    ${sanitize(type.file)}`,
  ];
}

/**
 * The type of this name.
 *
 * @throws Refusal LIVEOPS_NO_SUCH_TYPE, with the error of the file that has the name
 */
export function typeIn(
  { ops, errors, withoutType, notLoaded }: TypesReply,
  op: string,
): OperationType {
  const match = ops.find((type) => type.op === op);
  if (match) return match;
  const blocked = notLoaded.find((type) => type.op === op);
  const isMeant = ({ file }: { file: string }) =>
    kebab(/([^/]*?)\.[^/]*$/.exec(file)?.[1] ?? "") === op;
  const bare = withoutType.find(isMeant);
  const reason =
    blocked?.reason ?? (bare ? `${bare.file} has no operation type: ${bare.message}` : null);
  const names = ops.map((type) => type.op);
  throw unknownType(op, names, errors.length, reason);
}

function kebab(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, "$1-$2").toLowerCase();
}

/** The bundle that has the authoring API. */
const RUN: string = "./run.js";

type OpsOptions = OutputOptions & { ops?: string[] };

export function registerOps(root: Command): void {
  const ops = addCommand(root, "ops", "List operation types, or show one with all its details", [
    "liveops ops",
    "liveops ops backup",
    "liveops ops --json | jq -r '.ops[].op'",
    "liveops ops --ops . import-users",
  ]).argument(
    "[op]",
    "Name of an operation type: show its statics and all details of its parameters",
  );
  ops.option(
    "--ops <path>",
    "Show the types of this directory of operation files, or one file, without the daemon (repeatable)",
    (path: string, earlier: string[] = []) => [...earlier, path],
  );
  ops
    .option(
      "--json",
      "Print the types, JSON Schemas, load errors and shadowed names, or one type, as JSON",
    )
    .action(async (op: string | undefined, _options: unknown, command: Command) => {
      const { client, options, to, config } = await connectFor<OpsOptions>(command);
      if (options.ops !== undefined) {
        await withoutDaemon(options.ops, op, options, config, to);
        return;
      }
      await show(await client.types(), op, options, to);
    });
}

/** In a child process, as `liveops run`: the files of the author may hang, or end their process. */
async function withoutDaemon(
  paths: string[],
  op: string | undefined,
  options: OpsOptions & GlobalOptions,
  config: Config,
  to: ReportTo,
): Promise<void> {
  if (process.env[CANCEL_VARIABLE] === undefined) {
    for (const path of paths)
      if (!existsSync(path))
        throw new UsageError(`--ops ${path}: no such directory or file`, "liveops ops");
    const { supervise } = await import("./run/supervise.js");
    process.exitCode = await supervise();
    return;
  }
  const { typesHere } = (await import(RUN)) as typeof import("./run/inline.js");
  await typesHere(userOpsDirs({ ops: paths }, process.env, config), async (reply) => {
    try {
      await show(reply, op, options, to);
      return EXIT.done;
    } catch (error) {
      return report(error, to);
    }
  });
}

async function show(
  reply: TypesReply,
  op: string | undefined,
  options: OpsOptions,
  to: ReportTo,
): Promise<void> {
  const type = op === undefined ? undefined : typeIn(reply, op);
  if (options.json) return printLines([jsonLine(type ?? reply)]);
  const paint = paintFor(process.stdout);
  if (type !== undefined) return printLines(typePage(type, paint));
  const blocks = reply.ops.map((each) => typeLines(each, paint).join("\n"));
  if (blocks.length > 0) printLines([blocks.join("\n\n")]);
  sayProblems(reply, to);
}

function sayProblems({ errors, withoutType, shadowed }: TypesReply, to: ReportTo): void {
  for (const { file, message } of errors) say(to, `${file} does not load: ${message}`);
  for (const { file, message } of withoutType)
    say(to, `${file} has no operation type: ${message}`, "yellow");
  for (const { op, file, by } of shadowed)
    say(to, `${op} in ${file} is not used: ${by} has the same name and comes first`, "yellow");
}
