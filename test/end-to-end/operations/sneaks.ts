/** Says markup and scripts everywhere an operation can say something, for the exported page. */
import { LiveOperation, type Progress, z } from "liveops";

/**
 * Runs if any part of a page takes it for markup, closes an element or an attribute, or ends a
 * script.
 */
export const SNEAKY = `"'</script></title></style><img src=x onerror=pwned(1)><script>pwned(2)</script><!--\u202e-->&lt;${"`"}`;

export class Sneaks extends LiveOperation<typeof Sneaks> {
  static title = `title ${SNEAKY}`;
  static stages = [`stage ${SNEAKY}`, "Skipped", "Allowed", "Last"] as const;
  static params = z.object({
    text: z.string().default(""),
    lines: z.number().default(20),
    fail: z.boolean().default(true),
    clock: z.string().default("10:00:00"),
  });
  static resumable = true;

  async run(p: Progress<Sneaks>) {
    const { lines, fail, clock } = this.params;
    await p.stage(Sneaks.stages[0], () => {
      p.log(`log ${SNEAKY}`);
      p.log(
        "\x1b[31mred\x1b[0m \x1b[1;44mbold on blue\x1b[0m \x1b[38;2;1;2;3mown\x1b[0m plain\x1b]0;owned\x07",
      );
      for (let n = 1; n <= lines; n++) p.log(`line ${n} at ${clock}`);
      process.stderr.write(`stderr ${SNEAKY}\n`);
    });
    p.skip("Skipped", `reason ${SNEAKY}`);
    await p.stage("Allowed", () => Promise.reject(new Error(`allowed ${SNEAKY}`)), {
      allowFailure: true,
    });
    await p.untracked(`untracked ${SNEAKY}`, () => p.log("inside"));
    await p.stage("Last", () => {
      if (fail) throw new Error(`error ${SNEAKY}`, { cause: new Error(`cause ${SNEAKY}`) });
    });
    p.result({ [`key ${SNEAKY}`]: `value ${SNEAKY}` });
  }
}
