/** An operation type as lines to read. Pure. */
import type { Paint } from "../../../protocol/command/colour.js";
import { sanitize } from "../../../protocol/command/sanitize.js";
import { renderParameters } from "../../../protocol/parameters.js";
import { limitsText } from "../../../protocol/resource-limits.js";
import type { OperationType } from "../../../protocol/routes.js";

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
