/** What a waiting command says when the daemon goes away and comes back. */
import { type ReportTo, say } from "../../../protocol/command/report.js";
import type { Reconnect } from "../follow/reconnect.js";

export function lostNotes(to: ReportTo): Pick<Reconnect, "onLost" | "onBack"> {
  return {
    onLost: () => say(to, "the daemon went away; operations go on, waiting for it to be back", "yellow"),
    onBack: () => say(to, "the daemon is back", "yellow"),
  };
}
