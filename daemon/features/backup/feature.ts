/** Copies the state of a running daemon. */
import type { MakeFeature } from "../../compose.js";
import { backupRoute } from "./route.js";

export const backup: MakeFeature = (parts) => ({
  routes: backupRoute(parts),
  stop: () => parts.engine.backups.stop(),
});
