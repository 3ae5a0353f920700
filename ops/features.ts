/** What features add to operation types, one feature a line. */
import { FLEET_FIELDS, FLEET_STATICS } from "./features/fleet/feature.js";

// The declarations of the package lead to what a feature adds to a class.
export type {} from "./features/fleet/feature.js";

/** Fields of an operation, with their values where no daemon runs it. */
export const FEATURE_FIELDS = {
  ...FLEET_FIELDS,
};

/** Statics of a type. */
export const FEATURE_STATICS = {
  ...FLEET_STATICS,
};

export type FeatureStatics = {
  [N in keyof typeof FEATURE_STATICS]: (typeof FEATURE_STATICS)[N]["usual"];
};
