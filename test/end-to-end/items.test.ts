/** A loop with a `key` on real workers: a kill, a failure, a retry from a stage, a cancel. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });

const source = (name: string, statics: string, body: string) => `
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";
export class ${name} extends LiveOperation<typeof ${name}> {
  static stages = ["First", "Each", "Last"] as const;
  ${statics}
  async run(p: Progress<${name}>) { ${body} }
}
`;

const COUNTS = `
  await p.stage("First", () => {});
  await p.stage("Each", async () => {
    const items = Array.from({ length: 40 }, (_, n) => n + 1);
    for (const item of p.track(items, { label: "Items", key: (n) => n })) {
      appendFileSync(this.params.side, \`\${this.attempt} \${item}\\n\`);
      if (this.attempt === 1 && item === this.params.at) {
        if (this.params.how === "throw") throw new Error("item " + item);
        await delay(60_000, undefined, { signal: p.signal });
      }
      await delay(2);
    }
  });
  await p.stage("Last", () => { if (this.attempt === 2 && this.params.how === "throw") throw new Error("last"); });
`;
const PARAMS =
  'static params = z.object({ side: z.string(), at: z.int(), how: z.string().default("wait") });';

beforeAll(async () => {
  world.write(
    "config/liveops/ops/counts.ts",
    source("Counts", `${PARAMS} static resumable = true;`, COUNTS),
  );
  world.write("config/liveops/ops/plain.ts", source("Plain", PARAMS, COUNTS));
  await world.startDaemon();
});

const did = (side: string) =>
  existsSync(side) ? readFileSync(side, "utf8").trim().split("\n") : [];
const itemsFrom = (first: number) => Array.from({ length: 41 - first }, (_, n) => `2 ${first + n}`);
const itemFiles = (id: string) => {
  const dir = join(world.state, "runs", id, "values");
  return existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith(".items")) : [];
};
const finishedLines = async (id: string) =>
  (await world.lines(id)).filter((line) => line.includes("finished by"));

test("a killed worker costs the items of the last 10 ms, and the one in progress", async () => {
  const side = join(world.dir, "killed");
  const id = await world.submit("counts", `side=${side}`, "at=30");
  await until("item 30 is in progress", () => did(side).includes("1 30"));
  expect(itemFiles(id)).toHaveLength(1);
  for await (const event of world.client.events(id))
    if (event.type === "attempt:accepted") process.kill(event.pid, "SIGKILL");
  const record = await world.finished(id);
  expect(record).toMatchObject({ state: "succeeded", attempt: 2, percent: 100 });
  const again = did(side).filter((line) => line.startsWith("2 "));
  // Items of 2 ms each: at most those of 10 ms, and one look at the clock.
  const first = Number(again[0]!.slice(2));
  expect(first).toBeGreaterThanOrEqual(20);
  expect(first).toBeLessThanOrEqual(30);
  expect(again).toEqual(itemsFrom(first));
  expect(await finishedLines(id)).toEqual([`${first - 1} of 40 items finished by attempt 1`]);
  // The stage is done.
  expect(itemFiles(id)).toEqual([]);
});

test("liveops run retries by itself, with its finished stages and items; Ctrl-C ends the wait", async () => {
  const retry = "static resumable = true; static retry = { attempts: 3, backoff: 0.1 };";
  world.write("config/liveops/ops/again.ts", source("Again", `${PARAMS} ${retry}`, COUNTS));
  const side = join(world.dir, "again");
  const run = await world.liveops(["run", "again", `side=${side}`, "at=12", "how=throw"]);
  expect(run.code, run.stderr).toBe(0);
  expect(did(side).slice(12)).toEqual(itemsFrom(12));
  expect(run.stderr).toContain("11 of 40 items finished by attempt 1");
  expect(
    run.stderr.match(/queued again, starts at .*: (item 12|last) \(LIVEOPS_EXCEPTION\)/g),
  ).toHaveLength(2);
  expect(run.stdout.split("=== [2/3] Each ===")).toHaveLength(4);
  expect(run.stdout).toContain("done in attempt 2");

  world.write(
    "config/liveops/ops/later.ts",
    source("Later", `${PARAMS} static retry = { attempts: 2, backoff: 60 };`, COUNTS),
  );
  const waits = world.start("liveops", ["run", "later", `side=${side}-2`, "at=1", "how=throw"]);
  await waits.says("stderr", "queued again");
  waits.signal("SIGINT");
  expect(await waits.ended).toMatchObject({ code: 6 });
});

test("liveops run takes a key, and a type that is not resumable says that it has no effect", async () => {
  const words = (op: string) => ["run", op, `side=${join(world.dir, `run-${op}`)}`, "at=50"];
  const resumable = await world.liveops(words("counts"));
  expect(resumable).toMatchObject({ code: 0 });
  expect(resumable.stdout + resumable.stderr).not.toContain("p.track");
  const plain = await world.liveops(words("plain"));
  expect(plain.code).toBe(0);
  const says =
    "p.track: the key has no effect, because plain is not resumable; add: static resumable = true";
  expect((plain.stdout + plain.stderr).split(says)).toHaveLength(2);
});
