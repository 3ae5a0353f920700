/** One line with the operation's hosts, queue, start time, pauses and hooks. Defaults are omitted. */
import type { Operation } from "../../../protocol/operation.js";
import { pausedSeconds } from "../../describe/duration.js";
import { describeOperation, type Row } from "../../describe/operation.js";
import { formatShortTime } from "../../kit/output/local-time.js";
import { formatDuration } from "../../terminal/format.js";
import { sanitizeLine } from "../text/cells.js";
import type { State } from "./model.js";

/** `queue gpu · slot 2`; "" if all are defaults. */
export function placementText({ now }: State, operation: Operation): string {
  const { slot, hooks = {}, pause, state } = operation;
  const placed = ({ label, value, kind, isDefault }: Row): string[] => {
    if (kind === "place" && !isDefault) return [`${label} ${sanitizeLine(value)}`];
    if (kind !== "start" || state !== "queued" || Date.parse(value) <= now) return [];
    return [`${label} ${formatShortTime(new Date(value), new Date(now))}`];
  };
  const paused = Math.floor(pausedSeconds(operation, now));
  const parts = [
    ...describeOperation(operation, { now }).flatMap(placed),
    // The bar shows the first pause while it lasts.
    ...(paused > 0 && (pause?.seconds ?? 0) > 0 ? [`paused ${formatDuration(paused)} in all`] : []),
    ...(Object.keys(hooks).length === 0 ? [] : [`hooks ${Object.keys(hooks).join(", ")}`]),
  ];
  // Every running operation has a slot, so a slot alone is not shown.
  return parts.length === 0 ? "" : [...parts, ...(slot === null ? [] : [`slot ${slot}`])].join(" · ");
}
