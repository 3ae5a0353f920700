/** `--force`: what is up to date runs too. */
import type { SubmitOption } from "./option.js";

interface ForceOptions {
  force?: true;
}

export const FORCE: SubmitOption<ForceOptions> = {
  add(command, form) {
    if (form === "submit" || form === "run" || form === "schedule")
      command.option("--force", "Of a pipeline, run also the stages and steps that are up to date");
  },
  fields({ force }) {
    return force ? { force } : {};
  },
};
