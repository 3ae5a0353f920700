import { LiveOperation, z } from "liveops";

/** Stages whose values are stored, so that the operation can resume. */
export class Stored extends LiveOperation {
  static resumable = true;
  static params = z.object({ count: z.number() });
  static stages = ({ count }) => Array.from({ length: count }, (_, n) => `Step ${n}`);
  async run(p) {
    const start = performance.now();
    for (let n = 0; n < this.params.count; n++) await p.stage(`Step ${n}`, async () => n);
    p.result({ took: performance.now() - start });
  }
}
