/** git: the phases of clone, fetch, push, gc, fsck and checkout. */
import type { Reading, Recogniser } from "../reading.js";
import type { ProgramRecogniser } from "./program.js";

const PHASE = /^(?:remote: )?([A-Z][A-Za-z' -]{2,60}): +\d{1,3}% \((\d+)\/(\d+)\)(?:, .{1,80})?$/;
const COUNT =
  /^(?:remote: )?((?:Enumerating|Counting|Finding|Unpacking|Checking|Writing) [a-z ]{3,40}): (\d+)(?:, done\.)?$/;

class Git implements Recogniser {
  readonly name = "git";

  read(text: string): Reading | null {
    const first = text.charCodeAt(0);
    // A capital, or the `r` of `remote: `.
    if (!((first >= 0x41 && first <= 0x5a) || first === 0x72) || !text.includes(": ")) return null;
    const line = text.trimEnd();
    const isOnlyProgress = !line.endsWith("done.");
    const phase = text.includes("% (") ? PHASE.exec(line) : null;
    if (phase !== null)
      return {
        label: phase[1]!,
        done: Number(phase[2]),
        total: Number(phase[3]),
        unit: null,
        isOnlyProgress,
      };
    const count = COUNT.exec(line);
    return count && { label: count[1]!, done: Number(count[2]), total: null, unit: null, isOnlyProgress };
  }
}

export const GIT: ProgramRecogniser = {
  source: "text",
  create: () => new Git(),
  programs: [
    {
      name: "git",
      shows: "objects of each phase",
      add: "`--progress` (clone, fetch, push, fsck)",
      needs: "pipe",
    },
  ],
};
