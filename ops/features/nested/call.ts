/** An operation inside of a stage or step, as the file says it. */
import type { PipelineFile, TemplateValue } from "../../pipeline/definition.js";

/** Where a problem that is found later stands in a file. */
export interface CallPlace {
  line: number;
  column: number;
  key: string;
  /** Absolute; absent: the file of the pipeline. */
  file?: string;
}

export interface QueueName {
  name: string;
  at: CallPlace;
}

export type NestedOp = { kind: "file"; file: PipelineFile } | { kind: "type"; name: string };

export interface NestedCall {
  op: NestedOp;
  params: ReadonlyMap<string, TemplateValue>;
  /** Null: that of the type, otherwise that of the pipeline. */
  queue: QueueName | null;
  at: CallPlace;
}
