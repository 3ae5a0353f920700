/** An operation inside of a stage or step, as the file says it. */
import type { PipelineFile, TemplateValue } from "../../pipeline/definition.js";
import type { NamePlace } from "../../types/used-names.js";

export interface QueueName {
  name: string;
  at: NamePlace;
}

export type NestedOp = { kind: "file"; file: PipelineFile } | { kind: "type"; name: string };

export interface NestedCall {
  op: NestedOp;
  params: ReadonlyMap<string, TemplateValue>;
  /** Where the parameters stand in the file. */
  places: ReadonlyMap<string, NamePlace>;
  /** Null: that of the type, otherwise that of the pipeline. */
  queue: QueueName | null;
  at: NamePlace;
}
