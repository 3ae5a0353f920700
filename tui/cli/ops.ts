/** `liveops ops`: lists operation types with stages and parameters; load errors go to stderr. */
import type { Command } from "commander";
import { type Paint, paintFor } from "../../protocol/command/colour.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { say } from "../../protocol/command/report.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import { renderParameters } from "../../protocol/parameters.js";
import type { OperationType } from "../../protocol/replies.js";
import { limitsText } from "../../protocol/resource-limits.js";
import { jsonLine } from "../terminal/json.js";
import { connect } from "./connection.js";

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

export function registerOps(root: Command): void {
  addCommand(root, "ops", "List operation types with their stages and parameters", [
    "liveops ops",
    "liveops ops --json | jq -r '.ops[].op'",
  ])
    .option("--json", "Print the types, JSON Schemas, load errors and shadowed names as JSON")
    .action(async (_options: unknown, command: Command) => {
      const { client, options } = connect<{ json?: boolean }>(command);
      const reply = await client.types();
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
