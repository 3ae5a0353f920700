/**
 * Pipelines with `needs` and `makes` on a real daemon: kill -9 between the run of a command and its
 * stamp, and retries.
 */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { Why } from "../../../protocol/why.js";
import { describeWhy } from "../../../tui/describe/why.js";
import { until } from "../../end-to-end/until.js";
import { useDaemon } from "../../harness/daemon.js";

const daemon = useDaemon();

/** A pipeline in a directory of its own. */
function builds(text: string) {
  const dir = mkdtempSync(join(daemon.world.dir, "work-"));
  const path = join(dir, "build.yaml");
  const at = (name: string) => join(dir, name);
  return {
    at,
    submit: (force = false) =>
      daemon.submit("pipeline", {
        params: { text, path, params: {} },
        cwd: dir,
        ...(force && { force: true as const }),
      }),
    lines: (name: string) =>
      existsSync(at(name)) ? readFileSync(at(name), "utf8").split("\n").length - 1 : 0,
  };
}

const whyLines = (why: Why) => describeWhy(why).flatMap(({ rows }) => rows.map(({ text }) => text));

const reasonsOf = ({ stageTimes }: Operation) =>
  Object.fromEntries(Object.entries(stageTimes).map(([stage, { reason }]) => [stage, reason]));

test("a worker that is killed between the command and its stamp runs the command again", async () => {
  // The content of what it makes takes a while to read.
  const text = `stages:
  - { name: Make, needs: [in], makes: [out], run: 'truncate -s "$(cat in)" out; echo ran >>ran' }
`;
  const { at, submit, lines } = builds(text);
  writeFileSync(at("in"), "1000");
  const first = await daemon.untilFinished((await submit()).id);
  expect(reasonsOf(first)).toEqual({ Make: "runs: no earlier run is known" });

  writeFileSync(at("in"), "6G");
  const { id } = await submit();
  await until("the command has run", () => lines("ran") === 2);
  const { pid } = await daemon.client.show(id);
  process.kill(pid!, "SIGKILL");
  // The next attempt has less to read.
  writeFileSync(at("in"), "1000");
  const again = await daemon.untilFinished(id);
  expect(again).toMatchObject({ state: "succeeded", attempt: 2, stageStates: { Make: "done" } });
  expect(reasonsOf(again)).toEqual({ Make: "runs: the last run has not succeeded" });
  expect(lines("ran")).toBe(3);

  const last = await daemon.untilFinished((await submit()).id);
  expect(last).toMatchObject({ state: "succeeded", stageStates: { Make: "up-to-date" } });
  expect(last.stageTimes.Make!.reason).toMatch(/^up to date: 1 file, made \d\d:\d\d$/);
  const forced = await daemon.untilFinished((await submit(true)).id);
  expect(forced).toMatchObject({ force: true, stageStates: { Make: "done" } });
  expect(reasonsOf(forced)).toEqual({ Make: "runs: --force" });
}, 60_000);

test("a retry repeats a done stage only if what it needs has changed, and not for a lost stamp", async () => {
  const text = `stages:
  - { name: Make, needs: [in], makes: [out], run: cat in >out; echo ran >>ran }
  - { name: Use, run: test -e go }
`;
  const { at, submit, lines } = builds(text);
  writeFileSync(at("in"), "1");
  const { id } = await submit();
  await daemon.untilFinished(id);
  await daemon.client.retry(id);
  const resumed = await daemon.untilFinished(id);
  expect(resumed).toMatchObject({ attempt: 2, stageStates: { Make: "done", Use: "failed" } });
  expect(resumed.stageTimes.Make).toMatchObject({ resumed: true, reason: "done in attempt 1" });

  writeFileSync(at("in"), "2");
  await daemon.client.retry(id);
  const again = await daemon.untilFinished(id);
  expect(again).toMatchObject({ attempt: 3, stageStates: { Make: "done", Use: "failed" } });
  expect(reasonsOf(again)).toMatchObject({ Make: "runs: in changed" });
  expect(readFileSync(at("out"), "utf8")).toBe("2");
  const stamps = join(daemon.world.stateDir, "stamps");
  for (const name of readdirSync(stamps)) truncateSync(join(stamps, name));
  writeFileSync(at("go"), "");
  await daemon.client.retry(id);
  const last = await daemon.untilFinished(id);
  expect(last).toMatchObject({ state: "succeeded", stageTimes: { Make: { resumed: true } } });
  expect(lines("ran")).toBe(2);
});

test("a retry from a stage runs it although it is up to date, also when its worker dies, then only if it changed", async () => {
  const text = `stages:
  - { name: Make, needs: [in], makes: [out], run: cat in >out; echo ran >>ran; while test -e hold; do sleep 0.01; done }
  - { name: Pack, needs: [out], run: echo packed >>packed }
  - { name: Use, run: test -e go }
`;
  const { at, submit, lines } = builds(text);
  writeFileSync(at("in"), "1");
  const { id } = await submit();
  await daemon.untilFinished(id);
  writeFileSync(at("hold"), "");
  await daemon.client.retry(id, { from: "Make" });
  await until("the stage runs again", () => lines("ran") === 2);
  const { pid } = await daemon.client.show(id);
  process.kill(pid!, "SIGKILL");
  await until("and once more", () => lines("ran") === 3);
  rmSync(at("hold"));
  const again = await daemon.untilFinished(id);
  expect(again).toMatchObject({ attempt: 3, stageStates: { Make: "done", Pack: "up-to-date" } });
  expect(reasonsOf(again)).toMatchObject({ Make: "runs: asked for by --from" });

  writeFileSync(at("in"), "2");
  await daemon.client.retry(id);
  const changed = await daemon.untilFinished(id);
  expect(reasonsOf(changed)).toMatchObject({
    Make: "runs: in changed",
    Pack: "runs: out was made anew by Make",
  });
  writeFileSync(at("go"), "");
  await daemon.client.retry(id);
  const last = await daemon.untilFinished(id);
  expect(last).toMatchObject({
    state: "succeeded",
    stageTimes: { Make: { reason: "done in attempt 4" } },
  });
  expect([lines("ran"), lines("packed")]).toEqual([4, 2]);
});

test("a retry from a step runs this step alone, of those that are up to date", async () => {
  const text = `stages:
  - name: Make
    parallel:
      - { name: a, needs: [in], run: echo ran >>a }
      - { name: b, needs: [in], run: echo ran >>b }
  - { name: Use, run: test -e go }
`;
  const { at, submit, lines } = builds(text);
  writeFileSync(at("in"), "1");
  await daemon.untilFinished((await submit()).id);
  const { id } = await submit();
  expect(await daemon.untilFinished(id)).toMatchObject({ stageStates: { Make: "up-to-date" } });
  await daemon.client.retry(id, { from: "Make/b" });
  const again = await daemon.untilFinished(id);
  expect(again.steps!.Make!.map(({ name, state }) => [name, state])).toEqual([
    ["a", "up-to-date"],
    ["b", "done"],
  ]);
  expect(again.steps!.Make![1]!.reason).toBe("runs: asked for by --from");
  await daemon.client.retry(id, { from: "Make" });
  await daemon.untilFinished(id);
  expect([lines("a"), lines("b")]).toEqual([2, 3]);
});

test("`why` tells of a success what ran and what did not, with the reasons and the time saved", async () => {
  const text = `stages:
  - { name: Make, needs: [in], run: sleep 0.2 }
  - name: Check
    parallel:
      - { name: a, needs: [in], run: sleep 0.2 }
      - { name: b, needs: [other], run: 'true' }
`;
  const { at, submit } = builds(text);
  writeFileSync(at("in"), "1");
  writeFileSync(at("other"), "1");
  const whyOfRun = async () => {
    const { id } = await daemon.untilFinished((await submit()).id);
    return daemon.client.why(id);
  };
  const reason = "no earlier run is known";
  expect(await whyOfRun()).toMatchObject({
    summary: "It succeeded.",
    left: [],
    savedSeconds: null,
    ran: [
      { stage: "Make", reason },
      { stage: "Check", step: "a", reason },
      { stage: "Check", step: "b", reason },
    ],
  });
  writeFileSync(at("other"), "2");
  const why = await whyOfRun();
  expect(why).toMatchObject({
    left: [
      { stage: "Make", reason: expect.stringMatching(/^up to date: 1 file, ran/) },
      { stage: "Check", step: "a", reason: expect.stringMatching(/^up to date/) },
    ],
    ran: [{ stage: "Check", step: "b", reason: "other changed" }],
  });
  expect(why.savedSeconds).toBeGreaterThanOrEqual(0.2);
  expect(whyLines(why)).toContain("Check/b: other changed");
});
