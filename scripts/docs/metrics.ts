/** Generates the table of docs/operating.md from the definitions of the metrics. */
import { METRICS } from "../../daemon/features/metrics/definitions.js";
import { code, type Regions, table } from "./markdown.js";

export function metricRegions(): Regions {
  const rows = Object.entries(METRICS).map(([name, { kind, help, labels }]) => [
    code(name),
    kind,
    labels.map(code).join(", "),
    help,
  ]);
  return { metrics: table(["metric", "kind", "labels", "meaning"], rows) };
}
