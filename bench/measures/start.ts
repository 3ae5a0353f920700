/**
 * Time from the daemon's start to its first answer, compared with `node -e 0`: with an empty state directory, and with
 * 100,000 finished operations; and with pm2.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillHistory } from "../harness/history.js";
import { HOW_TO_INSTALL, libraryVersion } from "../harness/peer.js";
import { Pm2 } from "../harness/pm2.js";
import { timed } from "../harness/processes.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { bin, cleanEnv, node } from "../harness/world.js";

export default async function start({ quick }: MeasureOptions): Promise<Row[]> {
  const many = quick ? 10_000 : 100_000;
  const rounds = quick ? 3 : 15;
  const root = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const [empty, full] = [join(root, "empty"), join(root, "full")];
  const pm2 = Pm2.isThere() ? new Pm2() : null;
  try {
    await fillHistory(empty, 0);
    await fillHistory(full, many);
    const daemon = async (dir: string): Promise<number> => {
      const env = { ...cleanEnv(), HOME: root, LIVEOPS_STATE_DIR: dir, LIVEOPS_SOCKET: join(dir, "socket") };
      try {
        return await timed([node, bin("liveopsd"), "start"], env);
      } finally {
        await timed([node, bin("liveopsd"), "stop"], env);
      }
    };
    const samples = await interleave(
      {
        bare: () => timed([node, "-e", "0"], cleanEnv()),
        empty: () => daemon(empty),
        full: () => daemon(full),
      },
      rounds,
    );
    const rows: Row[] = [
      compared(
        "liveopsd start until it answers",
        samples.empty,
        { what: "node -e 0", samples: samples.bare },
        { unit: "ms", goal: { of: "ratio", atMost: 6 }, notes: "spawn to exit of the command" },
      ),
      compared(
        `liveopsd start with ${many} finished operations`,
        samples.full,
        { what: "with none", samples: samples.empty },
        { unit: "ms", goal: { of: "ratio", atMost: 1.1 }, notes: "history made by the store and sealed" },
      ),
    ];
    if (pm2 === null) {
      rows.push({ name: "liveopsd start, beside pm2", absent: `pm2 is not there; ${HOW_TO_INSTALL}` });
    } else {
      const beside = await interleave(
        {
          empty: () => daemon(empty),
          pm2: async () => {
            const took = await timed(pm2.words("ping"), pm2.env);
            pm2.kill();
            return took;
          },
        },
        Math.ceil(rounds / 3),
      );
      rows.push(
        compared(
          "liveopsd start, beside pm2's daemon (pm2 ping)",
          beside.empty,
          { what: `pm2 ${libraryVersion("pm2")}`, samples: beside.pm2 },
          {
            unit: "ms",
            goal: { of: "ratio", atMost: 0.6 },
            notes: "spawn to exit of the command that starts it",
          },
        ),
      );
    }
    return rows;
  } finally {
    pm2?.end();
    rmSync(root, { recursive: true, force: true });
  }
}
