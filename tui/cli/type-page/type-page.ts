/**
 * The page of one operation type: `liveops ops NAME`, `liveops submit NAME --help` and `liveops run
 * NAME --help`.
 */

import type { OperationType } from "../../../protocol/replies.js";
import type { Paint } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { TYPE_FIELDS } from "../feature-rows.js";
import { renderParameterDetails } from "./parameter-details.js";

/** The page as lines. */
export function typePage(type: OperationType, paint: Paint): string[] {
  const { op, title, params, stages, timeout, gracePeriod, retry, resumable, failIfOdd, file } =
    type;
  const field = (name: string, text: string) =>
    `  ${paint("dim", name.padEnd(14))}${sanitize(text)}`;
  const description = typeof params?.description === "string" ? params.description : "";
  return [
    `${paint("bold", sanitize(op))}${title === "" ? "" : `  ${sanitize(title)}`}`,
    ...(description === "" ? [] : [`  ${sanitize(description)}`]),
    field("stages", stagesText(stages)),
    field("timeout", timeout === null ? "none" : secondsText(timeout)),
    field("grace period", secondsText(gracePeriod)),
    field("retry", retryText(retry)),
    field("resumable", resumable ? "yes: a retry does not run finished stages again" : "no"),
    ...(failIfOdd ? [field("odd numbers", "fail the operation")] : []),
    ...Object.values(TYPE_FIELDS).flatMap((fields) =>
      fields(type).map(([name, text]) => field(name, text)),
    ),
    field("file", file),
    `  ${paint("dim", "parameters")}`,
    ...renderParameterDetails(params).map((line) => `    ${sanitize(line)}`),
  ];
}

/** The stages of a type in a line. */
export function stagesText(stages: OperationType["stages"]): string {
  if (stages === null) return "depend on the parameters";
  return stages.length === 0 ? "none" : sanitize(stages.join(", "));
}

function secondsText(seconds: number): string {
  return `${seconds} s`;
}

function retryText(retry: OperationType["retry"]): string {
  if (retry === null) return "none";
  return `${retry.attempts} attempts in total, the second after ${secondsText(retry.backoff)}`;
}
