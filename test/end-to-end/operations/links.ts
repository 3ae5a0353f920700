/**
 * A chain of two whose links both have a result; `bytes` makes the result and the parameters of the
 * next link large.
 */
import { LiveOperation, type Progress, z } from "liveops";

export class FirstLink extends LiveOperation<typeof FirstLink> {
  static stages = ["Load"] as const;
  static params = z.object({
    names: z.array(z.string()).default([]),
    bytes: z.number().default(0),
    word: z.string().default("none"),
  });

  async run(p: Progress<FirstLink>) {
    const { names, bytes, word } = this.params;
    await p.stage("Load", async () => {
      p.percent(60);
      await p.untracked("Warm cache", () => p.percent(30));
    });
    p.chainTo(SecondLink, { text: "y".repeat(bytes) });
    p.result({ names, word, pad: "x".repeat(bytes) });
  }
}

export class SecondLink extends LiveOperation<typeof SecondLink> {
  static stages = ["Save"] as const;
  static params = z.object({ text: z.string() });

  async run(p: Progress<SecondLink>) {
    await p.stage("Save", () => {});
    p.result({ length: this.params.text.length });
  }
}
