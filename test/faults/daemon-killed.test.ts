/**
 * Kills the daemon in a loop, at random moments, under load: acknowledged operations are there,
 * once and complete.
 *
 * Some kills happen during a start, some during a stop (while it writes its checkpoint), most in
 * between.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConnectionLostError, NoDaemonError } from "../../protocol/client/errors.js";
import type { Operation } from "../../protocol/operation.js";
import type { TestDaemon } from "../harness/daemon.js";
import { counts, Dice, patience } from "./mode.js";
import {
  eventually,
  everyOperation,
  expectNoGap,
  expectWholeStory,
  startDaemon,
  strike,
  untilIdle,
  wholeLog,
} from "./start.js";
import { compareOnce, record } from "./tally.js";

const KILLS = counts(8, 220);
const CLIENTS = 4;

interface Submitted {
  id: string;
  name: string;
  lines: number;
  links: number;
}

test("acknowledged submits, running operations and chains outlive a daemon that is killed again and again", {
  timeout: patience(80_000, 900_000),
}, async () => {
  await using daemon = await startDaemon(["counted"], { concurrency: 4 });
  const side = join(daemon.world.dir, "side");
  const dice = new Dice("daemon-killed");
  const storm = { over: false };
  const clients = Array.from({ length: CLIENTS }, (_, client) =>
    submitter(daemon, side, client, storm),
  );
  let kills = 0;
  while (kills < KILLS) kills += await strike(daemon, dice);
  storm.over = true;
  const acknowledged = (await Promise.all(clients)).flat();
  expect(acknowledged.length).toBeGreaterThanOrEqual(CLIENTS);

  await untilIdle(daemon, patience(40_000, 240_000));
  const all = await everyOperation(daemon);
  const firsts = all.filter(({ chain }) => chain.index === 0);
  const submits = compareOnce(
    acknowledged.map(({ name }) => name),
    firsts.map(({ params }) => params.name as string),
  );
  record(
    { fault: "daemon killed: submits acknowledged", injected: kills, ...submits },
    submits.details,
  );

  const links = acknowledged.flatMap(({ name, links: n }) =>
    Array.from({ length: n }, (_, index) => `${name} ${index + 1}`),
  );
  const said = existsSync(side) ? readFileSync(side, "utf8").split("\n").filter(Boolean) : [];
  const ran = compareOnce(
    links.flatMap((link) => [`${link} ran`, `${link} ended`]),
    said,
  );
  record({ fault: "daemon killed: chain links run", injected: kills, ...ran }, ran.details);

  const expected = new Map(acknowledged.map((submitted) => [submitted.name, submitted]));
  for (const { id, name } of acknowledged)
    expect(firsts.find((first) => first.id === id)?.params.name).toBe(name);
  const lines = { survived: 0, lost: 0, duplicated: 0, details: [] as string[] };
  for (const operation of all) {
    expect(operation).toMatchObject({ state: "succeeded", attempt: 1, error: null });
    const log = await wholeLog(daemon, operation.id);
    expectNoGap(log, operation);
    const wanted = expected.get(operation.params.name as string)!.lines;
    // Each link of a chain keeps its result.
    expect(operation.result).toEqual({ lines: wanted });
    const compared = compareOnce(
      Array.from({ length: wanted }, (_, index) => `line ${index + 1}`),
      log.filter(({ stream }) => stream === "log").map(({ text }) => text),
    );
    lines.survived += compared.survived;
    lines.lost += compared.lost;
    lines.duplicated += compared.duplicated;
    lines.details.push(...compared.details.map((detail) => `${operation.id} ${detail}`));
    await expectWholeStory(daemon, operation);
  }
  record({ fault: "daemon killed: log lines", injected: kills, ...lines }, lines.details);
  // A torn tail was never acknowledged: it is cut off and said. Anything else would be damage.
  const { problems } = await daemon.client.daemon();
  expect(problems.filter((problem) => !problem.includes("torn tail"))).toEqual([]);
});

/** Submits chain after chain, each under a key of its own, until the daemon has acknowledged it. */
async function submitter(
  daemon: TestDaemon,
  side: string,
  client: number,
  storm: { over: boolean },
): Promise<Submitted[]> {
  const dice = new Dice(`client ${client}`);
  const submitted: Submitted[] = [];
  while (!storm.over || submitted.length === 0) {
    const name = `client-${client}-${submitted.length + 1}`;
    const [lines, links] = [dice.whole(2, 12), dice.whole(1, 3)];
    const params = { side, name, lines, pause: dice.whole(0, 30), links };
    const { id } = await acknowledged(() => daemon.client.submit({ op: "counted", params }, name));
    submitted.push({ id, name, lines, links });
    // Half of them wait for the end, so that the queue does not outgrow the storm.
    const last = `${name} ${links} ended\n`;
    if (dice.chance(0.7))
      await eventually(
        "the chain has run",
        () => storm.over || readIfThere(side).includes(last),
        undefined,
        120_000,
      );
    else await dice.moment(20, 200);
  }
  return submitted;
}

/** Asks until the daemon answers: it may be dead, or die in the middle. */
function acknowledged(submit: () => Promise<Operation>): Promise<Operation> {
  return eventually(
    "the submit is acknowledged",
    () =>
      submit().catch((error: unknown) => {
        if (error instanceof NoDaemonError || error instanceof ConnectionLostError) return null;
        throw error;
      }),
    undefined,
    60_000,
  );
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
