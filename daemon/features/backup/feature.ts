/** Copies the state of a running daemon. */
import type { MakeFeature } from "../../compose.js";
import { Backups } from "./backups.js";
import { backupRoute } from "./route.js";

export const backup: MakeFeature = (parts) => {
  const backups = new Backups(parts.store, parts.layout);
  return {
    routes: backupRoute(parts, backups),
    stop: () => backups.stop(),
  };
};
