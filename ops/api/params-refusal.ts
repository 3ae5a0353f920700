/** The one refusal for wrong parameters: what is wrong, then every parameter there is. */
import { Refusal } from "../../protocol/errors.js";
import type { JsonSchema } from "../../protocol/json-schema.js";
import { renderParameters } from "../../protocol/parameters.js";

/** Problems that a refusal names; the others are only counted. */
export const MAX_PROBLEMS = 20;

export function paramsRefusal(problems: string[], schema: JsonSchema | null, near: string[] = []): Refusal {
  return new Refusal(
    "LIVEOPS_PARAMS_INVALID",
    paramsDetail(problems, schema),
    near.length > 0 ? { nearest: near } : {},
  );
}

export function paramsDetail(problems: string[], schema: JsonSchema | null): string {
  const list = renderParameters(schema).map((line) => `  ${line}`);
  const others = problems.length - MAX_PROBLEMS;
  const more = others > 0 ? [`and ${others} more`] : [];
  return [...problems.slice(0, MAX_PROBLEMS), ...more, "Parameters:", ...list].join("\n");
}
