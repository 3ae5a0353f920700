/** The door of features that add keys to stages and steps, one line each. */
import { NESTED } from "../features/nested/feature.js";
import { UP_TO_DATE } from "../features/up-to-date/feature.js";
import type { PipelineFeature } from "./feature.js";

export const PIPELINE_FEATURES: readonly PipelineFeature[] = [
  // The first one with a rule for a task decides.
  UP_TO_DATE,
  NESTED,
];
