/** Generates the regions of docs/pipelines.md from the tables of keys. */
import {
  FINALLY_KEYS,
  PARAM_KEYS,
  PIPELINE_KEYS,
  RETRY_KEYS,
  STAGE_KEYS,
  STEP_KEYS,
  THEN_KEYS,
} from "../../protocol/pipeline/keys.js";
import type { PipelineKeys } from "../../protocol/pipeline/values.js";
import { code, type Regions, table } from "./markdown.js";

export function pipelineRegions(): Regions {
  return {
    "keys of a pipeline": keys(PIPELINE_KEYS),
    "keys of a parameter": keys(PARAM_KEYS),
    "keys of a stage": keys(STAGE_KEYS),
    "keys of a step": keys(STEP_KEYS),
    "keys of retry": keys(RETRY_KEYS),
    "keys of finally": keys(FINALLY_KEYS),
    "keys of then": keys(THEN_KEYS),
  };
}

function keys(all: PipelineKeys): string {
  const rows = Object.entries(all).map(([name, { takes, description, default: value }]) => [
    code(name),
    takes,
    description,
    value ?? "required",
  ]);
  return table(["key", "takes", "meaning", "default"], rows);
}
