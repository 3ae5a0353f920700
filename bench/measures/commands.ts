/**
 * Time of a command as a process, compared with `node -e 0`, pm2 and task-spooler.
 *
 * A sleep occupies the daemon's only worker, so that submitted operations stay queued and take no CPU from the measure.
 * A sleep occupies task-spooler's queue too.
 */
import { execFileSync } from "node:child_process";
import { HOW_TO_INSTALL, libraryVersion } from "../harness/peer.js";
import { Pm2 } from "../harness/pm2.js";
import { timed } from "../harness/processes.js";
import { compared, interleave } from "../harness/rounds.js";
import type { Goal, MeasureOptions, Row } from "../harness/row.js";
import { TaskSpooler } from "../harness/task-spooler.js";
import { benchWorld, bin, cleanEnv, node } from "../harness/world.js";

export default async function commands({ quick }: MeasureOptions): Promise<Row[]> {
  const rounds = quick ? 5 : 40;
  const world = await benchWorld({ flags: ["--concurrency", "1"] });
  const spooler = TaskSpooler.version() === null ? null : new TaskSpooler();
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
      row("liveops ls, 21 operations", own.ls, { of: "ratio", atMost: 2 }),
    ];

    const information = "whole process, spawn to exit; neither pm2 nor task-spooler syncs to disk";
    if (spooler === null) {
      rows.push({ name: "beside tsp", absent: `task-spooler is not there; ${HOW_TO_INSTALL}` });
    } else {
      execFileSync("tsp", ["sleep", "3600"], { env: spooler.env });
      const samples = await interleave(
        {
          submit: () => timed([node, bin("liveops"), "submit", "shell", "--", "true"], world.env),
          ls: () => timed([node, bin("liveops"), "ls"], world.env),
          tspSubmit: () => timed(["tsp", "true"], spooler.env),
          tspList: () => timed(["tsp"], spooler.env),
        },
        Math.ceil(rounds / 2),
      );
      const what = `task-spooler ${TaskSpooler.version()}`;
      for (const [name, ours, theirs] of [
        ["liveops submit, beside tsp (a C program)", samples.submit, samples.tspSubmit],
        ["liveops ls, beside tsp (a C program)", samples.ls, samples.tspList],
      ] as const)
        rows.push(compared(name, ours, { what, samples: theirs }, { unit: "ms", notes: information }));
    }

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
      for (const [name, ours, theirs] of [
        ["liveops submit, beside pm2 start", samples.submit, samples.pm2Start],
        ["liveops ls, beside pm2 list", samples.ls, samples.pm2List],
      ] as const)
        rows.push(
          compared(
            name,
            ours,
            { what, samples: theirs },
            { unit: "ms", goal: { of: "ratio", atMost: 0.5 }, notes: information },
          ),
        );
    }
    return rows;
  } finally {
    pm2?.end();
    spooler?.end();
    world.stop();
  }
}
