/** Upkeep of a state directory: bounded logs, retention, what a start says. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useDirectories } from "../harness/temporary.js";
import { journalFiles } from "./crafted.js";
import { counts, patience } from "./mode.js";
import { runBin } from "./run-bin.js";
import { eventually, startDaemon, untilFinished, wholeLog } from "./start.js";
import { record } from "./tally.js";

const directory = useDirectories();
const MiB = 1024 * 1024;

/** A config file of this test, as environment. */
function config(values: object): Record<string, string> {
  const file = join(directory(), "config.json");
  writeFileSync(file, JSON.stringify(values));
  return { LIVEOPS_CONFIG: file };
}

test(
  "a flooded log keeps its newest lines within the bound, says what was cut, and fills neither disk nor memory",
  async () => {
    const maxLog = counts(2, 16) * MiB;
    await using daemon = await startDaemon(["floods"], { env: config({ maxLog }) });
    await untilFinished(daemon, (await daemon.submit("floods", { params: { lines: 1000 } })).id);
    const before = (await daemon.client.daemon()).memory.rss;
    const width = 1000;
    const lines = counts(40_000, 1_000_000);
    const { id } = await daemon.submit("floods", { params: { lines, width } });
    let mostOnDisk = 0;
    let mostInMemory = 0;
    const dir = join(daemon.world.stateDir, "runs", id, "1");
    await eventually(
      "the flood is over",
      async () => {
        const names = existsSync(dir) ? readdirSync(dir) : [];
        const sizes = names.map((name) => statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0);
        mostOnDisk = Math.max(
          mostOnDisk,
          sizes.reduce((sum, size) => sum + size, 0),
        );
        mostInMemory = Math.max(mostInMemory, (await daemon.client.daemon()).memory.rss!);
        return (await daemon.client.show(id)).state === "succeeded";
      },
      () => daemon.client.show(id),
      patience(50_000, 280_000),
    );
    expect(lines * width).toBeGreaterThan(15 * maxLog);
    // The events file is not a log: it holds a progress event a tenth of a second.
    expect(mostOnDisk).toBeLessThan(maxLog * 1.1 + MiB);
    expect(mostInMemory - before!).toBeLessThan(128 * MiB);
    const log = await wholeLog(daemon, id);
    expect(log.at(-1)?.text).toMatch(new RegExp(`^${lines} `));
    const [note, ...kept] = log;
    expect(note).toMatchObject({ n: kept[0]!.n - 1, stream: "liveops" });
    expect(note?.text).toMatch(
      new RegExp(`^lines 1 to ${note!.n} were cut \\(${note!.n} lines, [\\d.]+ MiB as stored\\): `),
    );
    // Counted as the lines are stored; the text alone is less.
    const stored = kept.reduce((sum, line) => sum + JSON.stringify(line).length, 0);
    expect(stored).toBeGreaterThan(maxLog * 0.95);
    const said = kept.map(({ text }) => Number.parseInt(text, 10));
    expect(said).toEqual(Array.from(said, (_, index) => said[0]! + index));
    record({
      fault: `log flooded with ${(lines * width) / 1e6} MB: lines kept`,
      injected: 1,
      survived: said.length,
      lost: 0,
      duplicated: 0,
    });
  },
  patience(60_000, 300_000),
);

test("retention: the newest so many finished operations are kept, with their logs; live ones always", async () => {
  const env = config({ keepFinished: 3 });
  await using daemon = await startDaemon(["floods", "gate"], { env, concurrency: 1 });
  const ids: string[] = [];
  for (let n = 0; n < 6; n++) {
    const { id } = await daemon.submit("floods", { params: { lines: 1 } });
    await untilFinished(daemon, id);
    ids.push(id);
  }
  const gate = join(daemon.world.dir, "kept");
  const live = (await daemon.submit("gate", { params: { gate } })).id;
  await daemon.stop();
  await daemon.startAgain();
  const kept = [...ids.slice(-3), live];
  const listed = async () => (await daemon.client.list()).operations.map(({ id }) => id).reverse();
  await eventually("the older ones are removed", async () => (await listed()).length === kept.length, listed);
  expect(await listed()).toEqual(kept);
  // The live one has logged nothing.
  expect(readdirSync(join(daemon.world.stateDir, "runs")).sort()).toEqual(ids.slice(-3).sort());
  await daemon.kill();
  await daemon.startAgain();
  expect(await listed()).toEqual(kept);
  writeFileSync(`${gate}.1`, "");
  expect((await untilFinished(daemon, live)).state).toBe("succeeded");
});

test("a start says what it has put aside, and status repeats it until the next start", async () => {
  await using daemon = await startDaemon(["floods"]);
  const { world } = daemon;
  const { id } = await daemon.submit("floods", { params: { lines: 5 } });
  await untilFinished(daemon, id);
  await daemon.kill();
  const journal = journalFiles(world.stateDir).at(-1)!;
  writeFileSync(journal, `${readFileSync(journal, "utf8")}0badc0de 99 {"kind"`);
  const bin = (word: string) => runBin(world, "liveopsd", [word]);
  const said = /torn tail of .*\.damaged-1/;
  expect(await bin("start")).toMatchObject({ code: 0, stderr: expect.stringMatching(said) });
  expect((await bin("status")).stdout.split("\n")).toContainEqual(
    expect.stringMatching(/^problem .*torn tail/),
  );
  expect(await bin("restart")).toMatchObject({ code: 0, stderr: expect.not.stringMatching(said) });
  expect(await bin("stop")).toMatchObject({ code: 0 });
});
