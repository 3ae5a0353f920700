/**
 * Texts that a shell would act on, in a title, stages and parameters; the words of completion come
 * from these.
 */
import { LiveOperation, type Progress, z } from "liveops";

/** Creates the file `owned` in the current directory if a shell evaluates any part. */
export const ACTIVE = `$(touch owned) \`touch owned\` '$(touch owned)' "; touch owned; \n\x1b[2J`;

export class Shells extends LiveOperation<typeof Shells> {
  static op = "shells";
  static title = `Shells ${ACTIVE}`;
  static resumable = true;
  static stages = ["Open it", "$(touch owned) `touch owned`", 'It\'s "done"; touch owned'] as const;
  static params = z.object({
    mode: z.enum(["careful", "quick", "$(touch owned)"]).default("quick").describe(`How ${ACTIVE}`),
    verbose: z.boolean().default(false),
    fail: z.boolean().default(false),
  });

  async run(p: Progress<Shells>) {
    await p.stage("Open it", () => {
      if (this.params.fail) throw new Error("failed on request");
    });
  }
}
