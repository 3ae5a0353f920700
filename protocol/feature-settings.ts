/** The settings that features add to the config file, one a line. */
import { metrics } from "./features/metrics/setting.js";
import { notify } from "./features/notices/setting.js";

export const FEATURE_SETTINGS = { notify, metrics } as const;
