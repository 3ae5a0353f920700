/** What the dashboard shows instead of the daemon, where the command line names it. A feature adds a line. */
import type { Opener } from "./dashboard/opener.js";
import { openHosts } from "./features/hosts/open-hosts.js";

export const OPENERS: readonly Opener[] = [
  // Each line is a feature.
  openHosts,
];
