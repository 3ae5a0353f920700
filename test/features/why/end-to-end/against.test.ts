/** `liveops why ID --against OTHER` through the built bins. */
import { beforeAll, expect, test } from "vitest";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ operations: ["sneaks"] });

let failed: string;
let good: string;

beforeAll(async () => {
  const submit = (...words: string[]) => world.submit("sneaks", "--env", "SECRET=1", ...words);
  failed = await submit("text=a", "--label", "monday");
  good = await world.submit("sneaks", "text=b", "fail=no", "clock=11:30:00");
  await world.finished(failed);
  await world.finished(good);
  await world.client.retry(failed);
  await world.record(failed, ({ attempt, state }) => attempt === 2 && state === "failed");
});

test("of the same run is the same", async () => {
  const same = await world.liveops(["why", failed, "--against", failed]);
  expect(same, same.stdout).toMatchObject({ code: 0, stderr: "" });
  expect(same.stdout).toContain("The runs are the same");
  expect((await world.liveops(["why", failed, "--against", "zzz"])).code).toBe(4);
});

test("of a command that ran twice is the same: how long it took is not compared", async () => {
  const twice: string[] = [];
  const results: unknown[] = [];
  for (const seconds of ["0.1", "0.4"]) {
    const id = await world.submit("shell", `script=sleep ${seconds}`);
    results.push((await world.finished(id)).result);
    twice.push(id);
  }
  expect(results[0]).not.toEqual(results[1]);
  const words = ["why", twice[1]!, "--against", twice[0]!];
  const json = await world.liveops([...words, "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ result: [], params: [{ name: "script" }] });
  expect((await world.liveops(words)).stdout).toContain("they differ from the first line on");
});

test("says what differs and where the logs part, and compares no times", async () => {
  const words = ["why", good, "--against", failed];
  const json = await world.liveops([...words, "--json"]);
  expect(json.code).toBe(0);
  const difference = JSON.parse(json.stdout);
  expect(difference).toMatchObject({
    same: false,
    left: { id: failed, state: "failed", label: "monday" },
    record: [
      { name: "state", left: "failed", right: "succeeded" },
      { name: "attempts", left: 2, right: 1 },
    ],
    params: [
      { name: "text", left: "a", right: "b" },
      { name: "fail", right: false },
      { name: "clock", right: "11:30:00" },
    ],
    env: { left: ["SECRET"], right: [] },
    log: {
      same: false,
      first: { left: { n: 28 }, right: null },
    },
  });
  const stages = difference.stages.map((stage: { same: boolean; left: { state: string } }) => [
    stage.left.state,
    stage.same,
  ]);
  expect(stages).toEqual([
    ["done", true],
    ["skipped", true],
    ["allowed-failure", true],
    ["failed", false],
  ]);
  const text = await world.liveops(words);
  expect(text.stdout).toContain("compared without times");
  expect(text.stdout).toMatch(
    /^The runs differ: record, parameters, environment, stages, .*log\.$/m,
  );
});
