/** Which operation types come from a pipeline file. */
import type { OperationCtor } from "../runner/read-type.js";
import type { PipelineFile } from "./definition.js";

const files = new WeakMap<OperationCtor, PipelineFile>();

export function setPipelineOf(Type: OperationCtor, file: PipelineFile): void {
  files.set(Type, file);
}

/** Undefined: the type is a class of the author. */
export function pipelineOf(Type: OperationCtor): PipelineFile | undefined {
  return files.get(Type);
}
