/**
 * Operations that write down outside of the state directory what they do, as an effect that no
 * power cut takes back.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

const params = z.object({
  side: z.string(),
  /** Lines of the log. */
  lines: z.number().default(3),
  links: z.number().default(1),
  link: z.number().default(1),
  /** Characters of the result, and of the value of a stage. */
  size: z.number().default(10),
  text: z.string().default(""),
});

class Powered extends LiveOperation {
  static stages = ["First", "Second", "Third"];
  static params = params;

  async run(p) {
    this.note("begins");
    for (const stage of Powered.stages) await p.stage(stage, () => this.step(p, stage));
    const { lines, links, link, size, text } = this.params;
    if (link < links) p.chainTo(this.constructor, { ...this.params, link: link + 1 });
    p.result({ lines, read: text.length, made: "x".repeat(size) });
  }

  note(what) {
    appendFileSync(this.params.side, `${this.id} ${this.attempt} ${what}\n`);
  }

  async step(p, stage) {
    this.note(stage);
    if (stage === "First") for (let n = 1; n <= this.params.lines; n++) p.log(`line ${n}`);
    p.percent(50);
    await delay(5);
    return stage + "v".repeat(this.params.size);
  }
}

export class Works extends Powered {}

export class Resumes extends Powered {
  static resumable = true;
}

/** Ends only when it is cancelled. */
export class Waits extends Powered {
  async step(p) {
    await delay(100_000, undefined, { signal: p.signal });
  }
}

/** Its first attempt fails. */
export class Fails extends Powered {
  async step(p, stage) {
    if (stage === "Third" && this.attempt === 1) throw new Error("the first attempt fails");
    return super.step(p, stage);
  }
}

/** As it, and run again by itself. */
export class Retries extends Fails {
  static retry = { attempts: 2, backoff: 0.05 };
}
