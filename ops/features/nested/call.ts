/** An operation inside of a stage or step, as the file says it. */

import type { NamePlace } from "../../../protocol/pipeline/used-names.js";
import type { PipelineFile, TemplateValue } from "../../pipeline/definition.js";

export type NamedOp = { kind: "file"; file: PipelineFile } | { kind: "type"; name: string };

export interface NestedCall {
  /** `command`: that of the task. */
  op: NamedOp | { kind: "command" };
  /** Where it stands in the file. */
  at: NamePlace;
  params: ReadonlyMap<string, TemplateValue>;
  /** Where the parameters stand. */
  places: ReadonlyMap<string, NamePlace>;
  /** Null: that of the type, otherwise that of the pipeline. */
  queue: { name: string; at: NamePlace } | null;
}
