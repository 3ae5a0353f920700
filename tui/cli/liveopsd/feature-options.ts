/** The options that features add to the start of a daemon, one a line, in the order of the help. */
import { fleet, host, tags } from "../../features/fleet/start-options.js";
import { metrics } from "../../features/metrics/start-option.js";
import type { StartOption } from "./start-option.js";

/** By the name of the flag. */
export const FEATURE_OPTIONS: Readonly<Record<string, StartOption>> = {
  metrics,
  fleet,
  host,
  tags,
};
