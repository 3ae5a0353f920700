/**
 * `liveops run` in text mode without a daemon, compared with listr2's plain renderer: the time of a process with three
 * empty stages, and the time of each further stage. Both write to a pipe.
 */
import { fileURLToPath } from "node:url";
import { HOW_TO_INSTALL, libraryVersion } from "../harness/peer.js";
import { timed } from "../harness/processes.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { benchWorld, bin, cleanEnv, node } from "../harness/world.js";

const FEW = 3;
/** Stages of one operation; the cost of a stage should not depend on it. A smaller count is lost in the noise. */
const MANY = [1003, 10_003];

const STEPS = `
import { LiveOperation, z } from "liveops";
export class Steps extends LiveOperation {
  static op = "steps";
  static params = z.object({ count: z.number() });
  static stages = ({ count }) => Array.from({ length: count }, (_, n) => "Step " + n);
  async run(p) {
    for (let n = 0; n < this.params.count; n++) await p.stage("Step " + n, async () => {});
  }
}
`;

export default async function textMode({ quick }: MeasureOptions): Promise<Row[]> {
  const listr2 = libraryVersion("listr2");
  const script = fileURLToPath(new URL("../peers/listr2.mjs", import.meta.url));
  const world = await benchWorld({ ops: { "steps.mjs": STEPS } });
  try {
    const env = { ...world.env, LIVEOPS_OPS: world.opsDir };
    const ours = (count: number) => () =>
      timed([node, bin("liveops"), "run", "steps", `count=${count}`], env);
    const theirs = (count: number) => () => timed([node, script, `${count}`], cleanEnv());
    const contenders: Record<string, () => Promise<number>> = {};
    for (const count of [FEW, ...MANY]) {
      contenders[`run ${count}`] = ours(count);
      if (listr2 !== null) contenders[`listr2 ${count}`] = theirs(count);
    }
    const samples = await interleave(contenders, quick ? 3 : 15);
    /** Microseconds for each further stage. */
    const each = (who: "run" | "listr2", count: number) =>
      samples[`${who} ${count}`]!.map(
        (ms, round) => ((ms - samples[`${who} ${FEW}`]![round]!) * 1000) / (count - FEW),
      );
    const notes = "in-process, nothing is synced; output to a pipe";
    if (listr2 === null) {
      return [{ name: "liveops run, beside listr2", absent: `listr2 is not there; ${HOW_TO_INSTALL}` }];
    }
    const what = `listr2 ${listr2}`;
    return [
      compared(
        "liveops run of three stages, whole process, beside listr2",
        samples[`run ${FEW}`]!,
        { what, samples: samples[`listr2 ${FEW}`]! },
        {
          unit: "ms",
          notes: `${notes}; liveops runs it in a child, so that Ctrl-C stops a busy loop too`,
        },
      ),
      ...MANY.map((count) =>
        compared(
          `liveops run, a stage of ${count}, beside listr2`,
          each("run", count),
          { what, samples: each("listr2", count) },
          { unit: "µs", notes: `${notes}; ${count} stages less ${FEW}` },
        ),
      ),
    ];
  } finally {
    world.stop();
  }
}
