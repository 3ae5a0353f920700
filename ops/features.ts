/** What features add to operation types, one feature a line. */
import { FLEET_STATICS } from "./features/fleet/feature.js";

/** Statics: the value of a type without it, what it must be, and whether a value fits. */
export const FEATURE_STATICS = {
  ...FLEET_STATICS,
};

export type FeatureStatics = {
  [N in keyof typeof FEATURE_STATICS]: (typeof FEATURE_STATICS)[N]["usual"];
};
