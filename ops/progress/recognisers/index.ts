/** The recognisers of progress in the output of ordinary programs, in the order in which they are asked. */
import { BACKUPS } from "./backups.js";
import { BARS, FRAMES } from "./bars.js";
import { BUILDS } from "./builds.js";
import { COUNTS, JOB_LINES } from "./counts.js";
import { DOCKER } from "./docker.js";
import { DOWNLOADS } from "./downloads.js";
import { FFMPEG } from "./ffmpeg.js";
import { GIT } from "./git.js";
import { PACKAGES } from "./packages.js";
import type { ProgramRecogniser } from "./program.js";
import { RCLONE } from "./rclone.js";
import { RSYNC } from "./rsync.js";
import { STREAMS } from "./streams.js";

/**
 * A program comes before a form that any program may print: the form knows less, and would take the line of the
 * program. A recogniser that needs lines without progress, such as the name of a file, sees them only if no recogniser
 * before it understood them.
 */
export const RECOGNISERS: readonly ProgramRecogniser[] = [
  ...DOCKER,
  ...BACKUPS,
  ...RCLONE,
  ...FFMPEG,
  ...PACKAGES,
  JOB_LINES,
  GIT,
  RSYNC,
  ...DOWNLOADS,
  ...STREAMS,
  ...BUILDS,
  ...BARS,
  ...COUNTS,
  FRAMES,
];
