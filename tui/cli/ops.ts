/** `liveops ops`: lists operation types with stages and parameters; load errors go to stderr. */
import type { Command } from "commander";
import { type Paint, paintFor } from "../../protocol/command/colour.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { say } from "../../protocol/command/report.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import { renderParameters } from "../../protocol/parameters.js";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import { limitsText } from "../../protocol/resource-limits.js";
import { unknownType } from "../../protocol/unknown-type.js";
import { jsonLine } from "../terminal/json.js";
import { connectFor } from "./connection.js";
import { typePage } from "./type-page.js";

/** An operation type as text lines. Pure. */
export function typeLines(type: OperationType, paint: Paint): string[] {
  const title = type.title === "" ? "" : `  ${sanitize(type.title)}`;
  const resumable = type.resumable ? paint("dim", "  resumable") : "";
  const limits = limitsText(type);
  return [
    `${paint("bold", sanitize(type.op))}${title}${resumable}`,
    `  ${paint("dim", "stages")}  ${stagesText(type.stages)}`,
    ...(limits === "" ? [] : [`  ${paint("dim", "limits")}  ${limits}`]),
    `  ${paint("dim", "parameters")}`,
    ...renderParameters(type.params).map((line) => `    ${sanitize(line)}`),
    `  ${paint("dim", "file")}    ${sanitize(type.file)}`,
  ];
}

function stagesText(stages: OperationType["stages"]): string {
  if (stages === null) return "depend on the parameters";
  return stages.length === 0 ? "none" : stages.map((stage) => sanitize(stage)).join(", ");
}

/**
 * The type of this name.
 *
 * @throws Refusal LIVEOPS_NO_SUCH_TYPE, with the error of the file that has the name
 */
export function typeIn({ ops, errors, withoutType }: TypesReply, op: string): OperationType {
  const found = ops.find((type) => type.op === op);
  if (found) return found;
  const isMeant = ({ file }: { file: string }) => kebab(/([^/]*?)\.[^/]*$/.exec(file)?.[1] ?? "") === op;
  const broken = errors.find(isMeant);
  const bare = withoutType.find(isMeant);
  const reason = broken
    ? `${broken.file} does not load: ${broken.message}`
    : bare
      ? `${bare.file} has no operation type: ${bare.message}`
      : null;
  const names = ops.map((type) => type.op);
  throw unknownType(op, names, errors.length, reason);
}

function kebab(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, "$1-$2").toLowerCase();
}

export function registerOps(root: Command): void {
  addCommand(root, "ops", "List operation types, or show one with all its details", [
    "liveops ops",
    "liveops ops backup",
    "liveops ops --json | jq -r '.ops[].op'",
  ])
    .argument("[op]", "Name of an operation type: show its statics and all details of its parameters")
    .option("--json", "Print the types, JSON Schemas, load errors and shadowed names, or one type, as JSON")
    .action(async (op: string | undefined, _options: unknown, command: Command) => {
      const { client, options } = connectFor<{ json?: boolean }>(command);
      const reply = await client.types();
      if (op !== undefined) {
        const type = typeIn(reply, op);
        const lines = options.json ? [jsonLine(type)] : typePage(type, paintFor(process.stdout));
        process.stdout.write(`${lines.join("\n")}\n`);
        return;
      }
      if (options.json) {
        process.stdout.write(`${jsonLine(reply)}\n`);
        return;
      }
      const paint = paintFor(process.stdout);
      const blocks = reply.ops.map((type) => typeLines(type, paint).join("\n"));
      if (blocks.length > 0) process.stdout.write(`${blocks.join("\n\n")}\n`);
      const to = reportTo(command.parent!);
      for (const { file, message } of reply.errors) say(to, `${file} does not load: ${message}`);
      for (const { file, message } of reply.withoutType)
        say(to, `${file} has no operation type: ${message}`, "yellow");
      for (const { op, file, by } of reply.shadowed) {
        say(to, `${op} in ${file} is not used: ${by} has the same name and comes first`, "yellow");
      }
    });
}
