/** The one refusal for wrong parameters: what is wrong, then every parameter there is. */
import { Refusal } from "../../protocol/errors.js";
import type { JsonSchema } from "../../protocol/json-schema.js";
import { renderParameters } from "../../protocol/parameters.js";

export function paramsRefusal(problems: string[], schema: JsonSchema | null, near: string[] = []): Refusal {
  return new Refusal(
    "LIVEOPS_PARAMS_INVALID",
    paramsDetail(problems, schema),
    near.length > 0 ? { nearest: near } : {},
  );
}

export function paramsDetail(problems: string[], schema: JsonSchema | null): string {
  const list = renderParameters(schema).map((line) => `  ${line}`);
  return [...problems, "Parameters:", ...list].join("\n");
}
