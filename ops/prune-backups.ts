/** The operation type `prune-backups`. */
export { PruneBackups } from "./features/archive/prune-backups.js";
