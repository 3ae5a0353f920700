/** Generates the tables of docs/traces.md from the attributes of spans. */
import { ATTRIBUTES, RESOURCE_ATTRIBUTES } from "../../daemon/features/traces/attributes.js";
import { code, type Regions, table } from "./markdown.js";

export function traceRegions(): Regions {
  const rows = Object.entries(ATTRIBUTES).map(([name, { on, meaning }]) => [
    code(name),
    on.join(", "),
    meaning,
  ]);
  const resource = Object.entries(RESOURCE_ATTRIBUTES).map(([name, meaning]) => [code(name), meaning]);
  return {
    attributes: table(["attribute", "spans", "meaning"], rows),
    resource: table(["attribute", "meaning"], resource),
  };
}
