/** Hosts, queue, priority, times, pauses and hooks of an operation in a line, as far as they are not as by default. */
import type { Operation } from "../../../protocol/operation.js";
import { DEFAULT_QUEUE } from "../../../protocol/reduce.js";
import { formatShortTime } from "../../kit/output/local-time.js";
import { formatDuration } from "../../terminal/format.js";
import { sanitizeLine } from "../text/cells.js";
import { pausedSeconds } from "./estimate.js";
import type { State } from "./model.js";

/** `queue gpu · priority 5 · slot 2`; "" where all is as by default. */
export function placementText(state: State, operation: Operation): string {
  const { queue, priority, slot, schedule, notBefore, hooks = {}, on, tags = [] } = operation;
  const paused = Math.floor(pausedSeconds(operation, state.now));
  const parts = [
    ...(on == null ? [] : [`only on ${sanitizeLine(on)}`]),
    ...(tags.length === 0 ? [] : [`hosts with ${sanitizeLine(tags.join(", "))}`]),
    ...(queue === DEFAULT_QUEUE ? [] : [`queue ${sanitizeLine(queue)}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
    ...(schedule === undefined ? [] : [`schedule ${sanitizeLine(schedule)}`]),
    ...(notBefore === null || operation.state !== "queued" || Date.parse(notBefore) <= state.now
      ? []
      : [`not before ${formatShortTime(new Date(notBefore), new Date(state.now))}`]),
    // The first pause is told beside the bar while it lasts.
    ...(paused > 0 && (operation.pause?.seconds ?? 0) > 0 ? [`paused ${formatDuration(paused)} in all`] : []),
    ...(Object.keys(hooks).length === 0 ? [] : [`hooks ${Object.keys(hooks).join(", ")}`]),
  ];
  // Every running operation has a slot: it is told beside something else.
  return parts.length === 0 ? "" : [...parts, ...(slot === null ? [] : [`slot ${slot}`])].join(" · ");
}
