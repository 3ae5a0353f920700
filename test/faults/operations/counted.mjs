/**
 * Records its run in a side file, logs numbered lines, and hands over along a chain. All of it must
 * exist exactly once after any kill.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Counted extends LiveOperation {
  static stages = ["First half", "Second half"];
  static params = z.object({
    side: z.string(),
    name: z.string(),
    lines: z.number(),
    pause: z.number(),
    links: z.number(),
    link: z.number().default(1),
  });

  async run(p) {
    const { side, name, lines, pause, links, link } = this.params;
    appendFileSync(side, `${name} ${link} ran\n`);
    const half = Math.ceil(lines / 2);
    await p.stage("First half", () => this.say(p, 1, half, pause));
    await p.stage("Second half", () => this.say(p, half + 1, lines, pause));
    appendFileSync(side, `${name} ${link} ended\n`);
    if (link < links) p.chainTo(Counted, { ...this.params, link: link + 1 });
    p.result({ lines });
  }

  async say(p, from, to, pause) {
    for (let n = from; n <= to; n++) {
      p.log(`line ${n}`);
      p.percent((100 * n) / to);
      await delay(pause);
    }
  }
}
