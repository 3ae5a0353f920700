/**
 * `liveopsd start` until the daemon answers, with an empty state directory and with 100,000
 * finished operations.
 */
import { isQuick, rounds, row } from "../harness/measure.js";
import { Pm2 } from "../harness/peers.js";
import { bareNode, timed } from "../harness/processes.js";
import { finish } from "../harness/submitter.js";
import { benchWorld, bin, node } from "../harness/world.js";

const many = isQuick ? 10_000 : 100_000;
const pm2 = new Pm2();
const start = async (finished: number) => {
  const world = await benchWorld();
  await finish(world, finished);
  return () => {
    world.run("liveopsd", "stop");
    return timed([node, bin("liveopsd"), "start"], world);
  };
};

const samples = await rounds(15, {
  bare: () => timed(bareNode),
  empty: await start(0),
  full: await start(many),
  pm2: () => {
    pm2.kill();
    return timed(pm2.words("ping"), pm2);
  },
});
row("liveopsd start", "ms", "≤ 6 ×", samples.empty, { "node -e 0": samples.bare });
row("liveopsd start", "ms", "≤ 0.6 ×", samples.empty, { "pm2 ping": samples.pm2 });
row(`liveopsd start, ${many} finished`, "ms", "≤ 1.1 ×", samples.full, { none: samples.empty });
