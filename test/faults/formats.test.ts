/** State directories of every released format load: the kept ones in `test/fixtures/`, and a new one. */
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { TestDaemon } from "../harness/daemon.js";
import { useDirectories } from "../harness/temporary.js";
import { type Expected, FIXTURE_OPERATIONS, makeFixture } from "./fixture.js";
import { operations, untilFinished, wholeLog } from "./start.js";
import { compareOnce, record } from "./tally.js";

const fixtures = fileURLToPath(new URL("../fixtures", import.meta.url));
const directory = useDirectories();

const KEPT = existsSync(fixtures) ? readdirSync(fixtures).filter((name) => /^state-v\d+$/.test(name)) : [];

test("a state dir as it is written now loads", async () => {
  const dir = directory();
  await makeFixture(dir);
  await expectLoads(dir, "now");
});

test.each(KEPT)(
  "%s loads: what was over is over, what was queued runs, what ran is finished or resumed",
  async (name) => {
    const dir = directory();
    cpSync(join(fixtures, name), dir, { recursive: true });
    await expectLoads(dir, name);
  },
);

async function expectLoads(dir: string, name: string): Promise<void> {
  const expected = JSON.parse(readFileSync(join(dir, "expected.json"), "utf8")) as Expected;
  const stateDir = join(dir, "state");
  // Version control keeps no modes.
  tighten(stateDir);
  await using daemon = await TestDaemon.start({ ops: operations(...FIXTURE_OPERATIONS), stateDir });
  const { problems } = await daemon.client.daemon();
  // A kept one is months old, or younger than this machine's clock: the daemon says that the clock leaped.
  const isLeap = (problem: string) => name !== "now" && problem.startsWith("the system clock leaped ");
  expect(problems.filter((problem) => !isLeap(problem))).toEqual([]);

  const over = [...expected.finished, ...expected.links];
  for (const { record: then, log } of over) {
    expect(await daemon.client.show(then.id)).toMatchObject(then);
    expect((await wholeLog(daemon, then.id)).map(({ text }) => text)).toEqual(log);
  }
  for (const { key, body, record: then } of expected.finished)
    expect((await daemon.client.submit(body, key)).id).toBe(then.id);
  await expect(daemon.client.show(expected.removed)).rejects.toMatchObject({
    code: "LIVEOPS_NO_SUCH_OPERATION",
  });

  expect(await untilFinished(daemon, expected.queued)).toMatchObject({ state: "succeeded", attempt: 1 });
  expect(await untilFinished(daemon, expected.running)).toMatchObject({
    state: "failed",
    attempt: 1,
    error: { code: "LIVEOPS_WORKER_LOST" },
  });
  expect(await untilFinished(daemon, expected.resumable)).toMatchObject({
    state: "succeeded",
    attempt: 2,
    result: { first: { made: "by attempt 1" }, second: 2 },
    stageTimes: { First: { resumed: true } },
  });
  const { operations: all } = await daemon.client.list({ limit: 1000 });
  const compared = compareOnce(
    [...over.map((each) => each.record.id), expected.queued, expected.running, expected.resumable],
    all.map(({ id }) => id),
  );
  record({ fault: `format: ${name}`, injected: 1, ...compared }, compared.details);
}

function tighten(dir: string): void {
  chmodSync(dir, 0o700);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) tighten(join(dir, entry.name));
    else chmodSync(join(dir, entry.name), 0o600);
  }
}
