/** The daemon that the dashboard shows: its version, its process, its directory and its problems. */

import { free, inGroup } from "../../dashboard/core/action-parts.js";
import { answerOf } from "../../dashboard/core/ask.js";
import { daemon } from "../../dashboard/core/hosts.js";
import type { State } from "../../dashboard/core/model.js";
import { Dialog, dialogSize, useTheme } from "../../dashboard/core/Panel.js";
import { valueTable } from "../../dashboard/text/value-table.js";
import { formatAge } from "../../kit/output/time.js";

const ROWS_MOST = 50;

function AboutPage({ state }: { state: State }) {
  const { paint } = useTheme();
  const told = answerOf(state, daemon);
  const facts =
    told === null
      ? { daemon: "not told yet" }
      : {
          version: told.version,
          host: told.host,
          pid: told.pid,
          Node: told.node,
          up: formatAge(told.startedAt, state.now),
          socket: told.socket,
          state: told.stateDir,
          problems: told.problems.join("; ") || "none",
        };
  const rows = valueTable(facts, dialogSize(state).width, ROWS_MOST, paint);
  const size = dialogSize(state, rows.length);
  return <Dialog state={state} size={size} title={[["Daemon", "bold"]]} rows={rows.slice(0, size.height)} />;
}

export const ABOUT_PAGE = {
  View: AboutPage,
  actions: inGroup("general", free, [
    {
      name: "about",
      keys: ["D"],
      description: "the daemon: its version, process and problems",
      run: (state) => ({ ...state, page: { kind: "about" } }),
    },
  ]),
};
