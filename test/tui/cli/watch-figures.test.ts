/** The figures of `liveops ls --watch`: the time left comes from the forecast, which is read again as it gets old. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import { ListProgress } from "../../../tui/cli/ls/progress.js";
import { RowsOutput, TerminalOutput } from "../../../tui/cli/ls/watch-output.js";
import { AT, Story } from "../../harness/records.js";

const NOW = Date.parse(AT) + 65_000;
const iso = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const record = (over: Partial<Operation> = {}): Operation => ({
  ...new Story().started().entered("Process", 1).record(),
  ...over,
});

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function fakeDaemon(operations: ForecastReply["operations"]) {
  const forecast = vi.fn(async () => ({ at: iso(0), emptyAt: null, operations }));
  const client = { forecast, now: () => NOW, history: async () => null } as unknown as Client;
  return { forecast, progress: new ListProgress(client) };
}

/** What is written to a pipe, or to a terminal of 120 columns. */
function written(isTTY: boolean) {
  const parts: string[] = [];
  const output = { isTTY, columns: 120, rows: 10, write: (data: string) => void parts.push(data) };
  return { output: output as never, text: () => parts.join("") };
}

const shown = (listed: Operation[]) => ({
  listed,
  removed: [],
  moreQueued: 0,
  held: new Map(listed.map((it) => [it.id, it])),
});

test("a row has the time left of what runs and the expected start of what waits, in columns of their own", async () => {
  const running = record();
  const queued = record({ id: "bbb", state: "queued", queuePosition: 1, currentStage: -1, stageStates: {} });
  const { progress } = fakeDaemon({
    [running.id]: { startsAt: iso(-65), endsAt: iso(12) },
    bbb: { startsAt: iso(12), endsAt: iso(40) },
  });
  await Promise.all([progress.load([running]), progress.foresee([running, queued])]);
  const pipe = written(false);
  new RowsOutput(pipe.output, progress, {}).show(shown([running, queued]));
  expect(pipe.text()).toMatch(/DONE +LEFT +AGE/);
  expect(pipe.text()).toMatch(/≥33% +~12s +1m/);
  expect(pipe.text()).toMatch(/#1 in ~12s +1m/);
  const screen = written(true);
  const table = new TerminalOutput(screen.output, progress, {});
  table.show(shown([running, queued]));
  table.close();
  expect(screen.text()).toMatch(/DONE +LEFT +AGE/);
});

test("what is late says so", async () => {
  const { progress } = fakeDaemon({ [record().id]: { startsAt: iso(-65), endsAt: null, late: true } });
  await Promise.all([progress.load([record()]), progress.foresee([record()])]);
  const pipe = written(false);
  new RowsOutput(pipe.output, progress, {}).show(shown([record()]));
  expect(pipe.text()).toMatch(/≥33% +late +1m/);
});

test("the forecast is read every 5 s, after a second where other operations are live, and not without any", async () => {
  // Fake timers leave this clock alone.
  vi.spyOn(process, "uptime").mockImplementation(() => performance.now() / 1000);
  const { forecast, progress } = fakeDaemon({});
  const [one, two] = [record(), record({ id: "bbb" })];
  expect(await progress.foresee([record({ state: "succeeded" })])).toBe(false);
  expect(await progress.foresee([one])).toBe(true);
  await vi.advanceTimersByTimeAsync(4900);
  expect(await progress.foresee([one])).toBe(false);
  await vi.advanceTimersByTimeAsync(200);
  expect(await progress.foresee([one])).toBe(true);
  expect(await progress.foresee([one, two])).toBe(false);
  await vi.advanceTimersByTimeAsync(1100);
  expect(await progress.foresee([one, two])).toBe(true);
  expect(forecast).toHaveBeenCalledTimes(3);
});
