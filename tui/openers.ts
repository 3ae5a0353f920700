/** What the dashboard shows instead of the daemon, if the command line names it. A feature adds a line. */
import type { Opener } from "./dashboard/opener.js";
import { openRuns } from "./features/export/open-runs.js";
import { openHosts } from "./features/hosts/open-hosts.js";

export const SOURCES: Readonly<Record<string, Opener>> = {
  runs: openRuns,
  hosts: openHosts,
};
