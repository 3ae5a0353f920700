/** The operation type `verify-backup`. */
export { VerifyBackup } from "./features/archive/verify-backup.js";
