/** What `daemon.cjs` gives the commands: the daemon, and what features do without one. */
export { backUpWithoutDaemon } from "./features/backup/backup.js";
export { BackupError } from "./features/backup/backup-error.js";
export { restore } from "./features/backup/restore.js";
export { openFleetClient } from "./features/fleet/fleet-client.js";
export * from "./main.js";
