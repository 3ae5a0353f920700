/**
 * Two operations of a chain, with a large value of each kind. A side file has a line of each stage
 * that begins.
 */
import { appendFileSync } from "node:fs";
import { LiveOperation, z } from "liveops";

class Told extends LiveOperation {
  static params = z.object({ side: z.string(), text: z.string() });

  stage(p, name, value) {
    return p.stage(name, () => {
      appendFileSync(this.params.side, `${this.id} ${this.attempt} ${name}\n`);
      p.log(`${name} is here`);
      p.percent(50);
      return value;
    });
  }
}

export class Passes extends Told {
  static stages = ["Read", "Pass"];

  async run(p) {
    await this.stage(p, "Read", 1);
    await this.stage(p, "Pass", 2);
    p.chainTo(Takes, this.params);
    p.result({ text: this.params.text });
  }
}

export class Takes extends Told {
  static stages = ["Take", "Keep"];
  static resumable = true;

  async run(p) {
    const taken = await this.stage(p, "Take", this.params.text);
    const kept = await this.stage(p, "Keep", "small");
    p.result({ text: taken, kept });
  }
}
