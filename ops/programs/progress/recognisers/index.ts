/** The recognisers of progress in the output of ordinary programs, in the order in which they are asked. */
import { BACKUPS } from "./backups.js";
import { BARS, FRAMES } from "./bars.js";
import { BUILDS } from "./builds.js";
import { COUNTS } from "./counts.js";
import { DOCKER } from "./docker.js";
import { DOWNLOADS } from "./downloads.js";
import { FFMPEG } from "./ffmpeg.js";
import { GIT } from "./git.js";
import { PACKAGES } from "./packages.js";
import { isInRange, type ProgramRecogniser } from "./program.js";
import { RCLONE } from "./rclone.js";
import { RSYNC } from "./rsync.js";
import { STREAMS } from "./streams.js";

/**
 * A program comes before a form that any program may print: the form knows less, and would take the line of the
 * program. A recogniser that needs lines without progress, such as the name of a file, sees them only if no recogniser
 * before it understood them.
 */
const ALL: readonly ProgramRecogniser[] = [
  ...DOCKER,
  ...BACKUPS,
  ...RCLONE,
  ...FFMPEG,
  ...PACKAGES,
  GIT,
  RSYNC,
  ...DOWNLOADS,
  ...STREAMS,
  ...BUILDS,
  ...BARS,
  ...COUNTS,
  FRAMES,
];

/** A text with a figure out of range is not progress, whatever its form. */
function checked({ create, ...entry }: ProgramRecogniser): ProgramRecogniser {
  return {
    ...entry,
    create() {
      const recogniser = create();
      return {
        name: recogniser.name,
        read(text, isFrame) {
          const reading = recogniser.read(text, isFrame);
          return reading === null || isInRange(reading) ? reading : null;
        },
      };
    },
  };
}

export const RECOGNISERS: readonly ProgramRecogniser[] = ALL.map(checked);
