/** What tells the operations without a screen. A feature adds a line; the first one is used. */
import type { ReadAloud } from "./dashboard/read-aloud.js";
import { readAloud } from "./features/reader/program.js";

export const READERS: readonly ReadAloud[] = [
  // A screen reader reads its lines.
  readAloud,
];
