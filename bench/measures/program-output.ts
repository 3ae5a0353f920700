/**
 * Cost of reading progress from the output of a program: `liveops run shell` on a program that prints many lines, with
 * progress and without.
 */
import { timed } from "../harness/processes.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { benchWorld, bin, node } from "../harness/world.js";

const LINES = 300_000;

/** Every line has a digit, so that no line is left out before the recognisers. */
const OUTPUTS = {
  lines: `seq -f 'cc -O2 -c src/module%g.c -o build/module%g.o' ${LINES} 2>/dev/null || seq ${LINES}`,
  "coloured lines": `seq ${LINES} | sed 's/.*/\\x1b[32mok\\x1b[0m test & passed in 3 ms/'`,
};

export default async function programOutput({ quick }: MeasureOptions): Promise<Row[]> {
  const world = await benchWorld({});
  try {
    const rows: Row[] = [];
    for (const [name, script] of Object.entries(OUTPUTS)) {
      const run = (progress: string) => () =>
        timed([node, bin("liveops"), "run", "shell", `script=${script}`, `progress=${progress}`], world.env);
      const samples = await interleave({ with: run("yes"), without: run("no") }, quick ? 2 : 9);
      rows.push(
        compared(
          `shell with progress, ${LINES} ${name}`,
          samples.with,
          { what: "progress=no", samples: samples.without },
          {
            unit: "ms",
            goal: { of: "ratio", atMost: 1.3 },
            notes: "liveops run, whole process, its output discarded",
          },
        ),
      );
    }
    return rows;
  } finally {
    world.stop();
  }
}
