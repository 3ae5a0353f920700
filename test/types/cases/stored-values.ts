// Dates, maps, sets and big integers: chainTo takes the values, and the operation gets them.
import { LiveOperation, type ParamsInput, type Progress, z } from "liveops";

export class Rows extends LiveOperation<typeof Rows> {
  static params = z.object({
    since: z.date(),
    sums: z.map(z.string(), z.bigint()),
    tags: z.set(z.string()).default(new Set()),
  });

  run(p: Progress<Rows>) {
    const { since, sums, tags } = this.params;
    const given: ParamsInput<typeof Rows> = { since, sums };
    p.chainTo(Rows, { since: new Date(since.getTime()), sums: new Map([["a", 1n]]), tags });
    p.chainTo(Rows, given);
    p.chainTo(Rows, { since: "2026-11-25", sums }); // type error
    p.chainTo(Rows, { since, sums: [["a", 1n]] }); // type error
  }
}
