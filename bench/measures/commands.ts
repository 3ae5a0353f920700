/**
 * Time of a command as a process, compared with `node -e 0` and pm2.
 *
 * A sleep occupies the daemon's only worker, so that submitted operations stay queued and take no CPU from the measure.
 */
import { Pm2 } from "../harness/peer.js";
import { timed } from "../harness/processes.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { benchWorld, bin, cleanEnv, node } from "../harness/world.js";

export default async function commands({ quick }: MeasureOptions): Promise<Row[]> {
  const pm2 = new Pm2();
  const world = await benchWorld({ flags: ["--concurrency", "1"] });
  try {
    world.run("liveops", "submit", "shell", "--", "sleep", "3600");
    for (let n = 0; n < 20; n++) world.run("liveops", "submit", "shell", "--", "true");
    let n = 0;
    const { bare, submit, ls, pm2Start, pm2List } = await interleave(
      {
        bare: () => timed([node, "-e", "0"], cleanEnv()),
        submit: () => timed([node, bin("liveops"), "submit", "shell", "--", "true"], world.env),
        ls: () => timed([node, bin("liveops"), "ls"], world.env),
        pm2Start: () => timed(pm2.words("start", pm2.script, "--name", `waits-${n++}`), pm2.env),
        pm2List: () => timed(pm2.words("list"), pm2.env),
      },
      quick ? 3 : 20,
    );
    const unit = "ms";
    const notes = "whole process, spawn to exit; pm2 does not sync to disk";
    const besideNode = { what: "node -e 0", samples: bare };
    const besidePm2 = (samples: number[]) => ({ what: pm2.what, samples });
    return [
      row({ name: "liveops submit (durable)", unit, ours: submit, beside: besideNode, goal: "≤ 2 ×", notes }),
      row({ name: "liveops ls, 21 operations", unit, ours: ls, beside: besideNode, goal: "≤ 2.1 ×", notes }),
      row({
        name: "liveops submit, beside pm2 start",
        unit,
        ours: submit,
        beside: besidePm2(pm2Start),
        goal: "≤ 0.42 ×",
        notes,
      }),
      row({
        name: "liveops ls, beside pm2 list",
        unit,
        ours: ls,
        beside: besidePm2(pm2List),
        goal: "≤ 0.45 ×",
        notes,
      }),
    ];
  } finally {
    pm2.end();
    world.stop();
  }
}
