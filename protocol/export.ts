/** The file that `liveops export` writes. Its layout has an entry a line, so that it is read and written in a stream. */

/** Value of the key `format`. */
export const EXPORT_FORMAT = "liveops-export";

/** Value of the key `version`. A later version may add keys; readers ignore keys that they do not know. */
export const EXPORT_VERSION = 1;

/** SHA-256 sums, in hex, of each part. */
export interface ExportChecksums {
  record: string;
  events: string;
  log: string;
}
