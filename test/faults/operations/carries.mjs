/**
 * Takes a text of any size, returns a result of a given size, and passes the text along a chain.
 */
import { LiveOperation, z } from "liveops";

export class Carries extends LiveOperation {
  static stages = ["Carry"];
  static params = z.object({
    text: z.string(),
    letters: z.number().default(0),
    links: z.number().default(1),
    fail: z.boolean().default(false),
  });

  async run(p) {
    const { text, letters, links, fail } = this.params;
    await p.stage("Carry", () => p.log(`${text.length} characters`));
    if (fail && this.attempt === 1) throw new Error("the first attempt fails");
    if (links > 1) p.chainTo(Carries, { ...this.params, links: links - 1, fail: false });
    p.result({ length: text.length, made: "y".repeat(letters) });
  }
}
