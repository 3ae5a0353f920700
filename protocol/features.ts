/** What features add to the protocol, one feature a line. */
import { FLEET_FIELDS } from "./features/fleet/submit-fields.js";

/** Fields of a submit. */
export const FEATURE_FIELDS = {
  ...FLEET_FIELDS,
} as const;
