/** What tells whose operation it is: the fields of a submit. */
import type { Origin } from "../../../protocol/client/submit-place.js";
import type { Daemon } from "./daemon.js";

/** Beside those of `submitPlace`, which knows the directory. */
export function originOf({ session, rules }: Daemon): Pick<Origin, "session"> & { endsWithSession?: true } {
  return { session, ...(rules.endsWithSession && { endsWithSession: true as const }) };
}
