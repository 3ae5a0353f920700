/**
 * Operations that write without end: output past JavaScript, statuses, stages. Each file stays
 * bounded.
 */
import { lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { EventLine } from "../../protocol/stream-lines.js";
import type { TestDaemon } from "../harness/daemon.js";
import { useDirectories } from "../harness/temporary.js";
import { counts } from "./mode.js";
import { eventually, expectNoGap, startDaemon, untilFinished, wholeLog } from "./start.js";

/** Bytes; the least that can be set. */
const MAX_LOG = 64 * 1024;

const directory = useDirectories();

function startBounded(): Promise<TestDaemon> {
  const config = join(directory(), "config.json");
  writeFileSync(config, JSON.stringify({ maxLog: MAX_LOG }));
  return startDaemon(["torrents"], { env: { LIVEOPS_CONFIG: config } });
}

/** Bytes of all output files of workers. */
function outputBytes(daemon: TestDaemon): number {
  const dir = join(daemon.world.stateDir, "workers");
  const sizes = readdirSync(dir).map(
    (name) => lstatSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function runBytes(daemon: TestDaemon, id: string): number {
  const dir = join(daemon.world.stateDir, "runs", id, "1");
  return readdirSync(dir).reduce((sum, name) => sum + lstatSync(join(dir, name)).size, 0);
}

async function eventsOf(daemon: TestDaemon, id: string): Promise<EventLine[]> {
  const events: EventLine[] = [];
  for await (const event of daemon.client.events(id)) events.push(event);
  return events;
}

test.each([
  ["child", /at least \d+ bytes that were not read yet are lost/],
  ["blocked", /bytes that the operation had no time to read are lost/],
])(
  "a child that writes to the inherited stdout without end does not fill the disk: %s",
  async (way, note) => {
    await using daemon = await startBounded();
    const gate = join(daemon.world.dir, "gate");
    const { id } = await daemon.submit("torrents", { params: { way, gate } });
    // The file is emptied again and again while the child writes.
    let before = 0;
    let emptied = 0;
    // A later flood may cut the note.
    const notes: string[] = [];
    const look = async () => {
      const { lines } = await daemon.client.log(id, { stream: "liveops" });
      notes.push(...lines.map(({ text }) => text));
    };
    await eventually("the output file was emptied several times", async () => {
      const now = outputBytes(daemon);
      if (now < before) emptied++;
      before = now;
      await look();
      const isSaid = way === "blocked" || notes.some((text) => note.test(text));
      return emptied >= counts(3, 30) && isSaid;
    });
    writeFileSync(gate, "");
    const ended = await untilFinished(daemon, id);
    expect(ended.state).toBe("succeeded");
    const log = await wholeLog(daemon, id);
    expect(log.map(({ n }) => n - log[0]!.n)).toEqual(log.map((_, index) => index));
    expect(log.at(-1)?.n).toBe(ended.logLines);
    await look();
    expect(notes).toContainEqual(expect.stringMatching(note));
    expect(runBytes(daemon, id)).toBeLessThan(4 * MAX_LOG);
  },
);

test("a status in a loop is sent 20 times at once and 10 times a second, the last one always", async () => {
  await using daemon = await startBounded();
  const started = performance.now();
  const { id } = await daemon.submit("torrents", {
    params: { way: "status", times: counts(100_000, 2_000_000) },
  });
  const ended = await untilFinished(daemon, id);
  const seconds = (performance.now() - started) / 1000;
  expect(ended).toMatchObject({ state: "succeeded", status: { text: "the last status" } });
  const statuses = (await eventsOf(daemon, id)).flatMap((event) =>
    event.type === "status:changed" ? [event.status.text] : [],
  );
  // Two more go with the ends of the stages.
  expect(statuses.length).toBeLessThanOrEqual(22 + 10 * seconds);
  expect(statuses).toContain(`status ${ended.params.times}`);
});

test("untracked stages in a loop: the events are bounded and say so, stages and outcome are all there", async () => {
  await using daemon = await startBounded();
  const { id } = await daemon.submit("torrents", {
    params: { way: "stages", times: counts(2000, 100_000) },
  });
  const ended = await untilFinished(daemon, id);
  expect(ended).toMatchObject({ state: "succeeded", stageStates: { Flow: "done", After: "done" } });
  const log = await wholeLog(daemon, id);
  expectNoGap(log, ended);
  expect(log.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^progress, status and untracked stages are no longer recorded/),
  );
  const events = await eventsOf(daemon, id);
  const dropped = events.flatMap((event) =>
    event.type === "records:dropped" ? [event.count] : [],
  );
  expect(dropped).toEqual([expect.any(Number)]);
  expect(events.filter(({ type }) => type === "stage:left").length).toBeGreaterThan(100);
  expect(events.at(-1)?.type).toBe("operation:finished");
  expect(runBytes(daemon, id)).toBeLessThan(3 * MAX_LOG);
});
