/**
 * Commands as whole processes, spawn to exit. The queue is paused, so that no operation takes CPU
 * from the measure.
 */
import { rounds, row } from "../harness/measure.js";
import { Pm2 } from "../harness/peers.js";
import { bareNode, timed } from "../harness/processes.js";
import { benchWorld, bin, node } from "../harness/world.js";

const pm2 = new Pm2();
const world = await benchWorld();
const { env } = world;
world.run("liveops", "pause", "--all");
for (let n = 0; n < 20; n++) world.run("liveops", "submit", "shell", "--", "true");
let started = 0;

const { bare, submit, ls, pm2Start, pm2List } = await rounds(20, {
  bare: () => timed(bareNode),
  submit: () => timed([node, bin("liveops"), "submit", "shell", "--", "true"], { env }),
  ls: () => timed([node, bin("liveops"), "ls"], { env }),
  pm2Start: () => timed(pm2.words("start", pm2.script, "--name", `waits-${started++}`), pm2),
  pm2List: () => timed(pm2.words("list"), pm2),
});
row("submit", "ms", "≤ 2 ×", submit, { "node -e 0": bare });
row("ls", "ms", "≤ 2.1 ×", ls, { "node -e 0": bare });
row("submit", "ms", "≤ 0.42 ×", submit, { "pm2 start": pm2Start });
row("ls", "ms", "≤ 0.45 ×", ls, { "pm2 list": pm2List });
