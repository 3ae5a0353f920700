/**
 * The features of the daemon, one a line. A feature subscribes to the bus when it is made, in this
 * order; the last one stops first.
 */
import type { MakeFeature } from "./compose.js";
import { actions } from "./features/actions/feature.js";
import { metrics } from "./features/metrics/feature.js";
import { nested } from "./features/nested/feature.js";
import { odd } from "./features/odd/feature.js";
import { schedules } from "./features/schedules/feature.js";
import { sessions } from "./features/sessions/feature.js";
import { shell } from "./features/shell/feature.js";
import { why } from "./features/why/feature.js";

export const FEATURES: readonly MakeFeature[] = [
  metrics,
  odd,
  actions,
  nested,
  why,
  schedules,
  sessions,
  shell,
];
