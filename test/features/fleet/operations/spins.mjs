/**
 * Spins without an await and without a call of liveops: only another thread, or a signal, can end
 * it. It notes each turn of 20 ms in the file of the effects. The second attempt returns at once.
 */
import { appendFileSync } from "node:fs";
import { LiveOperation, z } from "liveops";

export class Spins extends LiveOperation {
  static stages = ["Spin"];
  static resumable = true;
  static gracePeriod = 1;
  static params = z.object({ effects: z.string(), turns: z.number().default(5000) });

  async run(p) {
    await p.stage("Spin", () => {
      this.say("begin");
      for (let turn = 1; turn <= this.params.turns && this.attempt === 1; turn++) {
        for (const end = performance.now() + 20; performance.now() < end; );
        this.say(`step:${turn}`);
      }
      this.say("end");
    });
  }

  say(what) {
    const time = Number(process.hrtime.bigint()) / 1e6;
    const host = process.env.LIVEOPS_TEST_HOST ?? "-";
    const { id, attempt } = this;
    const fence = this.fence ?? 0;
    appendFileSync(
      this.params.effects,
      `${what} ${id} ${attempt} ${fence} ${time} ${process.pid} ${host}\n`,
    );
  }
}
