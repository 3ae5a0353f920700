/** Types that hand over to themselves: the pace of the chain is bounded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestDaemon } from "../harness/daemon.js";
import { counts, patience } from "./mode.js";
import { eventually, untilFinished } from "./start.js";
import { compareOnce, record } from "./tally.js";

/** Notes each link, and hands over to itself until `links`. */
const LOOPS = `
import { appendFileSync } from "node:fs";
import { LiveOperation, z } from "liveops";
export class Loops extends LiveOperation {
  static params = z.object({ side: z.string(), link: z.number().default(0), links: z.number() });
  async run(p) {
    const { side, link, links } = this.params;
    appendFileSync(side, link + "\n");
    if (links !== link + 1) p.chainTo(Loops, { side, links, link: link + 1 });
  }
}
`.replace('"\n"', '"\\n"');

const QUICK = `
import { LiveOperation } from "liveops";
export class Quick extends LiveOperation {
  async run() {}
}
`;

const linesOf = (file: string) => readFileSync(file, "utf8").trim().split("\n");

/** The chain's last operation that is there now. */
async function lastOf(daemon: TestDaemon, chain: string) {
  const { operations } = await daemon.client.list({ chain, limit: 1 });
  return operations[0]!;
}

test("links that follow each other without a pause are slowed down, and hold up nothing else", {
  timeout: patience(30_000, 60_000),
}, async () => {
  const slowed = counts(20, 100);
  const links = 51 + slowed;
  await using daemon = await TestDaemon.start({
    ops: { "loops.mjs": LOOPS, "quick.mjs": QUICK },
    concurrency: 1,
  });
  const side = join(daemon.world.dir, "side");
  const { id, createdAt } = await daemon.submit("loops", { params: { side, links } });
  const meanwhile = await daemon.submit("quick");
  expect(await untilFinished(daemon, meanwhile.id)).toMatchObject({ state: "succeeded" });
  const last = await eventually("the chain ends", async () => {
    const { chain, state, ...rest } = await lastOf(daemon, id);
    return chain.index === links - 1 && state === "succeeded" ? rest : null;
  });
  // The first link that waits follows 50 intervals that were not waited for; each link takes some time as well.
  expect(Date.parse(last.finishedAt!) - Date.parse(createdAt)).toBeGreaterThan((slowed - 1) * 100);
  const compared = compareOnce(
    Array.from({ length: links }, (_, link) => String(link)),
    linesOf(side),
  );
  record({ fault: "chain without a pause", injected: 1, ...compared }, compared.details);
});
