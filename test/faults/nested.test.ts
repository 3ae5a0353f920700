/**
 * Pipelines inside of pipelines in a queue with one slot, while the daemon and random workers are killed. All end, no
 * operation is lost or made twice, no script runs twice in an attempt, and never do two scripts work at once.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestDaemon } from "../harness/daemon.js";
import { counts, Dice, patience } from "./mode.js";
import { eventually, everyOperation, untilIdle } from "./start.js";
import { compareOnce, record } from "./tally.js";

const PIPELINES = counts(2, 200);
/** Rounds of one kill of the daemon and one of a worker. */
const KILLS = counts(2, 60);
/** Time between two kills, in ms. */
const EVERY_MS = counts(300, 1000);
const DEPTH = 6;
/** An operation fails whose worker dies three times in a row. */
const KILLS_OF_ONE = 1;

/** Tells that it runs, and whether another script works meanwhile: a killed script holds its lock no longer. */
const script = (place: string) => `|
      exec 9>>"$dir/lock"
      flock --nonblock 9 || echo "${place} of $name" >>"$dir/overlaps"
      echo "$name ${place} $LIVEOPS_OPERATION_ID $LIVEOPS_ATTEMPT" >>"$dir/ran"
      sleep 0.02`;

const PARAMS = "params: { name: { type: string, required: true }, dir: { type: string, required: true } }";

function level(n: number): string {
  const inner = `  - { name: Inner, op: level${n + 1}.yaml, with: { name: $name, dir: $dir } }\n`;
  const after = `  - name: After\n    run: ${script(`after-${n}`)}\n`;
  return `${PARAMS}
stages:
  - name: Before
    run: ${script(`before-${n}`)}
${n < DEPTH ? inner + after : ""}`;
}

const levels = Array.from({ length: DEPTH + 1 }, (_, n) => n);
const ops = Object.fromEntries(levels.map((n) => [`level${n}.yaml`, level(n)]));
const places = levels.flatMap((n) => (n < DEPTH ? [`before-${n}`, `after-${n}`] : [`before-${n}`]));

test("pipelines six deep in one slot, daemon and workers killed: all end, none is lost or made twice", {
  timeout: patience(120_000, 1_800_000),
}, async () => {
  const config = { maxQueued: 100_000, keepFinished: 100_000 };
  await using daemon = await TestDaemon.start({ ops, config, concurrency: 1 });
  const { dir } = daemon.world;
  const lines = (name: string) => {
    const file = join(dir, name);
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  };
  const names = Array.from({ length: PIPELINES }, (_, n) => `p${n}`);
  const bodies = names.map((name) => ({ op: "level0", params: { name, dir } }));
  for (let from = 0; from < bodies.length; from += 100)
    await daemon.client.submit(bodies.slice(from, from + 100), `batch ${from}`);

  const dice = new Dice("nested");
  const killed = new Map<string, number>();
  for (let kills = 0; kills < KILLS; kills++) {
    const before = lines("ran").length;
    await dice.moment(0, EVERY_MS);
    await killWorker(daemon, dice, killed);
    await dice.moment(0, EVERY_MS / 4);
    await daemon.kill();
    await daemon.startAgain();
    await eventually("another script runs", () => lines("ran").length > before || isOver());
  }
  function isOver(): boolean {
    return new Set(lines("ran").filter((line) => line.includes("after-0"))).size >= PIPELINES;
  }
  await untilIdle(daemon, patience(60_000, 1_200_000));

  const all = await everyOperation(daemon);
  expect(all.filter(({ state }) => state !== "succeeded").map(({ id, error }) => [id, error])).toEqual([]);
  const ran = lines("ran").map((line) => line.split(" ") as [string, string, string, string]);
  const wanted = names.flatMap((name) => places.map((place) => `${name} ${place}`));
  // Each script has run in one operation, however many attempts that one had.
  const ofOperations = new Set(ran.map(([name, place, id]) => `${name} ${place} ${id}`));
  const found = compareOnce(
    wanted,
    [...ofOperations].map((line) => line.split(" ").slice(0, 2).join(" ")),
  );
  const injected = KILLS + [...killed.values()].reduce((sum, each) => sum + each, 0);
  record({ fault: "operations inside of others", injected, ...found }, found.details);
  expect(all).toHaveLength(PIPELINES * levels.length);
  const inAttempts = ran.map((line) => line.join(" "));
  expect(inAttempts.filter((line, n) => inAttempts.indexOf(line) !== n)).toEqual([]);
  expect(lines("overlaps")).toEqual([]);
});

/** Kills the worker of a random operation, which is to survive that. */
async function killWorker({ client }: TestDaemon, dice: Dice, killed: Map<string, number>): Promise<void> {
  const inner = await client.list({ state: ["running"], parent: "any", limit: 200 });
  const outer = await client.list({ state: ["running"], limit: 200 });
  const able = [...inner.operations, ...outer.operations].filter(
    ({ id, pid }) => pid !== null && (killed.get(id) ?? 0) < KILLS_OF_ONE,
  );
  if (able.length === 0) return;
  const { id, pid } = able[dice.whole(0, able.length - 1)]!;
  killed.set(id, (killed.get(id) ?? 0) + 1);
  try {
    process.kill(pid!, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
