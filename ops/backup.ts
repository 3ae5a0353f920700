/** The operation type `backup`. */
export { Backup } from "./features/archive/backup.js";
