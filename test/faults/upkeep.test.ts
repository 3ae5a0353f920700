/** Upkeep of a state directory: bounded logs, retention, `liveops doctor`. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Examination } from "../../daemon/recovery/doctor.js";
import { isAlive, processesOf } from "../end-to-end/processes.js";
import { eventsFileOf, storedEvents } from "../harness/stored-events.js";
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

test("doctor finds damage in every place, repairs what a start would repair, and only reports while a daemon runs", async () => {
  await using daemon = await startDaemon(["floods"]);
  const { world } = daemon;
  const { id } = await daemon.submit("floods", { params: { lines: 5 } });
  await untilFinished(daemon, id);
  const doctor = async () => {
    const { code, stdout } = await runBin(world, "liveopsd", ["doctor", "--json"]);
    return { code, ...(JSON.parse(stdout) as Examination) };
  };
  const running = await doctor();
  expect(running).toMatchObject({ code: 0, running: true });
  expect(running.findings.every(({ state }) => state === "ok")).toBe(true);

  await daemon.kill();
  const journal = journalFiles(world.stateDir).at(-1)!;
  writeFileSync(journal, `${readFileSync(journal, "utf8")}0badc0de 99 {"kind"`);
  const log = join(world.stateDir, "runs", id, "1", "log.ndjson");
  writeFileSync(log, readFileSync(log, "utf8").replace("2 ..", "2 ,,"));
  const mended = await doctor();
  expect(mended).toMatchObject({ code: 1, running: false });
  expect(mended.findings.filter(({ state }) => state === "mended").map(({ what }) => what)).toEqual([
    expect.stringMatching(/torn tail/),
  ]);
  expect(mended.findings.filter(({ state }) => state === "damaged").map(({ what }) => what)).toEqual([
    expect.stringMatching(/log\.ndjson: 1 of 5 records are damaged/),
  ]);
  const again = await doctor();
  expect(again.findings.some(({ state }) => state === "mended")).toBe(false);
  await daemon.startAgain();
  expect((await daemon.client.daemon()).problems).toEqual([]);
  expect((await daemon.client.show(id)).state).toBe("succeeded");
});

test("doctor finds an events file that was cut short, and a hole of NUL bytes, by the records of the operations", async () => {
  await using daemon = await startDaemon(["floods"]);
  const { world } = daemon;
  const finished = async () => {
    const { id } = await daemon.submit("floods", { params: { lines: 2 } });
    await untilFinished(daemon, id);
    return id;
  };
  const [cut, hole, torn] = [await finished(), await finished(), await finished()];
  /** Changes the lines of the operation in the file of its worker. */
  const damage = (id: string, change: (lines: string[]) => string) => {
    const file = eventsFileOf(world.stateDir, id);
    const lines = storedEvents(world.stateDir, id);
    const whole = lines.map((line) => `${line}\n`).join("");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(whole, () => change(lines)),
    );
    return file;
  };
  const ended = (lines: string[]) => lines.map((line) => `${line}\n`).join("");
  const file = damage(cut, (lines) => ended(lines.slice(0, -1)));
  damage(hole, ([first = "", ...lines]) => `${"\0".repeat(first.length + 1)}${ended(lines)}`);
  const damaged = async () => {
    const { code, stdout } = await runBin(world, "liveopsd", ["doctor", "--json"]);
    const { findings } = JSON.parse(stdout) as Examination;
    return { code, found: findings.filter(({ state }) => state === "damaged").map(({ what }) => what) };
  };
  const isCut = expect.stringContaining(
    `${file}: the events of ${cut}, attempt 1, were cut short: the last record`,
  );
  const isHole = expect.stringMatching(/1 of \d+ records are damaged, in a hole of \d+ NUL bytes/);
  expect(await damaged()).toEqual({ code: 1, found: [isHole, isCut] });

  // A power cut may take the newline of the outcome, and leave reserved space: nothing is lost.
  const workers = processesOf(world.dir).filter(({ command }) => command.includes("worker.js"));
  await daemon.kill();
  await eventually("the workers have ended", () => workers.every(({ pid }) => !isAlive(pid)));
  damage(torn, (lines) => `${ended(lines).trimEnd()}\0\0\t\t`);
  await daemon.startAgain();
  await daemon.stop();
  // The events are in the history now.
  const sealed = [
    expect.stringMatching(new RegExp(`the events of ${cut}, attempt 1, were cut short: the last record`)),
    expect.stringMatching(new RegExp(`the events of ${hole}, attempt 1: records? 1 .*missing`)),
  ];
  expect(await damaged()).toEqual({ code: 1, found: sealed });
});
