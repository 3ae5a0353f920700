/** What features add to what commands print, one a line. */
import type { DaemonReply, OperationType } from "../../protocol/replies.js";
import { fleetFields, fleetProblems, fleetRows } from "../features/fleet/rows.js";

type Rows<T> = Readonly<Record<string, (of: T) => Array<[string, string]>>>;

/** The rows that features add to `liveopsd status`. */
export const STATUS_ROWS: Rows<DaemonReply> = {
  fleet: fleetRows,
};

/** The problems that features add to `liveopsd status`. */
export const STATUS_PROBLEMS: Readonly<Record<string, (of: DaemonReply) => string[]>> = {
  fleet: fleetProblems,
};

/** The fields that features add to `liveops ops NAME`. */
export const TYPE_FIELDS: Rows<OperationType> = {
  fleet: fleetFields,
};
