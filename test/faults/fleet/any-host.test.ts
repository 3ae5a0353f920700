import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive } from "../../end-to-end/processes.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { counts, patience } from "../mode.js";
import { eventually, expectNoGap, untilFinished, wholeLog } from "../start.js";
import { compareOnce, record } from "../tally.js";

const LINES = counts(3000, 20_000);

let fleet: FleetWorld;
beforeAll(async () => {
  const hosts = { a: { tags: ["gpu", "eu"] }, b: {}, c: { concurrency: 3 } };
  fleet = await FleetWorld.start({ hosts });
}, patience(60_000));
afterAll(() => fleet?.[Symbol.asyncDispose](), patience(60_000));

test("a cancel at b ends a busy loop on a", async () => {
  const b = fleet.host("b");
  const { id } = await fleet.submit(b, { op: "spins", on: "a" });
  const step = await eventually("it spins", () =>
    fleet.effects().find((each) => each.id === id && each.step > 2),
  );
  expect(step.host).toBe("a");
  await b.client.cancel(id);
  expect(await untilFinished(b.daemon, id)).toMatchObject({ state: "cancelled", host: "a" });
  await eventually("its worker has ended", () => !isAlive(step.pid));
  for (const { client } of fleet.hosts)
    await eventually("each host knows the end", async () => {
      const { state, cancelRequested } = await client.show(id);
      return state === "cancelled" && cancelRequested;
    });
});

test("a thousand lines a second on a arrive at b, each once, soon", {
  timeout: patience(60_000, 120_000),
}, async () => {
  const a = fleet.host("a");
  const b = fleet.host("b");
  const { id } = await a.submit("pours", { on: "a", params: { lines: LINES } });
  const seen: number[] = [];
  const late: number[] = [];
  for await (const line of b.client.watch({ operation: id, log: true })) {
    if (line.type === "log")
      for (const { n, at } of line.lines) {
        seen.push(n);
        late.push(Date.now() - Date.parse(at));
      }
    if (line.type === "end") break;
  }
  const ended = await untilFinished(b.daemon, id);
  expect(ended).toMatchObject({
    state: "succeeded",
    attempt: 1,
    host: "a",
    result: { lines: LINES },
  });
  const log = await wholeLog(b.daemon, id);
  expectNoGap(log, ended);
  const found = compareOnce(
    Array.from({ length: LINES }, (_, index) => `line ${index + 1}`),
    log.filter(({ stream }) => stream === "log").map(({ text }) => text),
  );
  expect(seen).toEqual(log.map(({ n }) => n));
  record({ fault: "fleet: a thousand lines a second", injected: 1, ...found }, found.details);
  const sorted = late.sort((x, y) => x - y);
  const [p50, p99] = [0.5, 0.99].map((part) => sorted[Math.floor(part * (sorted.length - 1))]);
  process.stdout.write(`a line of a is at b after ${p50} ms (p50), ${p99} ms (p99)\n`);
  expect(p50).toBeLessThan(1000);
});
