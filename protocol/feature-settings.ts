/** The settings that features add to the config file, one a line. */
import { metrics } from "./features/metrics/setting.js";

export const FEATURE_SETTINGS = {
  metrics,
} as const;
