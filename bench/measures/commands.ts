/**
 * Time of a command as a process, compared with `node -e 0` and pm2.
 *
 * A sleep occupies the daemon's only worker, so that submitted operations stay queued and take no CPU from the measure.
 */
import { HOW_TO_INSTALL, libraryVersion } from "../harness/peer.js";
import { Pm2 } from "../harness/pm2.js";
import { timed } from "../harness/processes.js";
import { compared, interleave } from "../harness/rounds.js";
import type { Goal, MeasureOptions, Row } from "../harness/row.js";
import { benchWorld, bin, cleanEnv, node } from "../harness/world.js";

export default async function commands({ quick }: MeasureOptions): Promise<Row[]> {
  const rounds = quick ? 5 : 40;
  const world = await benchWorld({ flags: ["--concurrency", "1"] });
  const pm2 = Pm2.isThere() ? new Pm2() : null;
  try {
    world.run("liveops", "submit", "shell", "--", "sleep", "3600");
    for (let n = 0; n < 20; n++) world.run("liveops", "submit", "shell", "--", "true");
    const bare = cleanEnv();
    const { bare: reference, ...own } = await interleave(
      {
        bare: () => timed([node, "-e", "0"], bare),
        submit: () => timed([node, bin("liveops"), "submit", "shell", "--", "true"], world.env),
        ls: () => timed([node, bin("liveops"), "ls"], world.env),
      },
      rounds,
    );
    const beside = { what: "node -e 0", samples: reference };
    const row = (name: string, samples: number[], goal: Goal) =>
      compared(name, samples, beside, { unit: "ms", goal, notes: "whole process, spawn to exit" });
    const rows: Row[] = [
      row("liveops submit (durable)", own.submit, { of: "ratio", atMost: 2 }),
      row("liveops ls, 21 operations", own.ls, { of: "ratio", atMost: 2.1 }),
    ];

    const information = "whole process, spawn to exit; pm2 does not sync to disk";
    if (pm2 === null) {
      rows.push({ name: "beside pm2", absent: `pm2 is not there; ${HOW_TO_INSTALL}` });
    } else {
      let n = 0;
      const samples = await interleave(
        {
          submit: () => timed([node, bin("liveops"), "submit", "shell", "--", "true"], world.env),
          ls: () => timed([node, bin("liveops"), "ls"], world.env),
          pm2Start: () => timed(pm2.words("start", pm2.script, "--name", `waits-${n++}`), pm2.env),
          pm2List: () => timed(pm2.words("list"), pm2.env),
        },
        Math.ceil(rounds / 6),
      );
      const what = `pm2 ${libraryVersion("pm2")}`;
      for (const [name, ours, theirs, atMost] of [
        ["liveops submit, beside pm2 start", samples.submit, samples.pm2Start, 0.42],
        ["liveops ls, beside pm2 list", samples.ls, samples.pm2List, 0.45],
      ] as const)
        rows.push(
          compared(
            name,
            ours,
            { what, samples: theirs },
            { unit: "ms", goal: { of: "ratio", atMost }, notes: information },
          ),
        );
    }
    return rows;
  } finally {
    pm2?.end();
    world.stop();
  }
}
