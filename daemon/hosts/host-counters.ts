/** The counters of a host, from the decisions that it records. */
import type { HostCounters } from "../../protocol/replies.js";
import type { Bus } from "../bus.js";

export function hostCounters(bus: Bus): HostCounters {
  const counters = { claimed: 0, finished: 0, requeued: 0, fenced: 0, shippedBytes: 0 };
  bus.on("decided", (changes, { kind }, isOwn) => {
    for (const { before } of isOwn ? changes : []) {
      if (kind === "started") counters.claimed++;
      else if (kind === "requeued") counters.requeued++;
      // An operation that is finished in the queue ran nowhere.
      else if (kind === "finished" && before?.state === "running") counters.finished++;
    }
  });
  return counters;
}
