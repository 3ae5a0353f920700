/** Says what a terminal would act on, everywhere an operation can say something. */
import { LiveOperation, type Progress, z } from "liveops";

/**
 * Clears the screen, sets the title, an 8-bit CSI, a bidi override, a bell, a tag, and an
 * overprinted line.
 */
export const NASTY = "\x1b[2J\x1b]0;owned\x07\u009b31m\u202e\r\u{e0041}\x7fend";

export class Hostile extends LiveOperation<typeof Hostile> {
  static title = `Hostile ${NASTY}`;
  static stages = [`Stage ${NASTY}`] as const;
  static params = z.object({
    text: z.string().default("").describe(NASTY),
    fail: z.boolean().default(false),
  });

  async run(p: Progress<Hostile>) {
    await p.stage(Hostile.stages[0], () => {
      p.log(`log ${NASTY}`);
      p.status(`status ${NASTY}`);
      process.stdout.write(`stdout ${NASTY}\n`);
      process.stderr.write(`stderr ${NASTY}\n`);
      for (const _ of p.track([1, 2, 3], { label: `label ${NASTY}`, unit: `unit ${NASTY}` }));
    });
    await p.untracked(`untracked ${NASTY}`, () => {});
    if (this.params.fail) throw new Error(`error ${NASTY}`);
    p.result({ [`key ${NASTY}`]: `value ${NASTY}` });
  }
}
