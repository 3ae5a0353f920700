/** Keys of the log. */
import type { Key } from "./key.js";
import { seesLog } from "./when.js";

export const LOG: readonly Key[] = [
  {
    action: "log-start",
    on: ["home"],
    label: "home",
    helpLabel: "home end",
    does: "log's start; its end, follow",
    when: seesLog,
  },
  {
    action: "log-end",
    on: ["end"],
    label: "end",
    hint: () => "follow log",
    rank: 3,
    when: (state) => seesLog(state) && !state.log.follow,
  },
];
