/** `--log-level` and `LIVEOPS_DEBUG` of the real daemon. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { badLogLines } from "../harness/log-lines.js";
import { until } from "./until.js";
import { World } from "./world.js";

function emptyWorld(): World {
  const world = new World().make();
  onTestFinished(() => world.close());
  return world;
}

const _CHOICES = "trace, debug, info, warn, error, fatal, silent";

test("debug logs decisions and requests; a restart keeps the level, and one with a bad level the daemon", async () => {
  const world = emptyWorld().takeExamples();
  const log = () => readFileSync(join(world.state, "liveopsd.log"), "utf8");
  await world.startDaemon();
  const { pid } = await world.client.daemon();
  const quiet = await world.submit("step-a", "directory=/etc");
  await world.finished(quiet);
  expect((await world.client.daemon()).logLevel).toBe("info");
  expect(log()).not.toContain(quiet);

  const again = await world.liveopsd(["start", "--log-level", "debug"]);
  expect(again).toMatchObject({ code: 0 });
  expect(again.stderr).toContain("liveops restart --log-level debug");

  expect(await world.liveopsd(["restart", "--log-level", "loud"])).toMatchObject({ code: 2 });
  expect(await world.liveopsd(["restart"], { env: { LIVEOPS_DEBUG: "loud" } })).toMatchObject({
    code: 2,
  });
  expect((await world.client.daemon()).pid).toBe(pid);
  expect(await world.liveopsd(["restart", "--log-level", "debug"])).toMatchObject({ code: 0 });
  expect(await world.liveopsd(["restart"])).toMatchObject({ code: 0 });
  const { logLevel, flags } = await world.client.daemon();
  expect([logLevel, flags.logLevel]).toEqual(["debug", "debug"]);
  const id = await world.submit("step-a", "directory=/etc");
  await until("both lines stand in the log", () => {
    const lines = log().split("\n");
    return (
      lines.some((line) => line.includes('"msg":"recorded a decision"') && line.includes(id)) &&
      lines.some(
        (line) => line.includes('"msg":"answered a request"') && line.includes("/v1/operations"),
      )
    );
  });
});

test("lines have the documented keys alone and no secret", async () => {
  const world = emptyWorld();
  world.write(
    "config/liveops/ops/noisy.ts",
    `import { LiveOperation, type Progress, z } from "liveops";
     console.log("said at load");
     export class Noisy extends LiveOperation {
       static stages = ["One"];
       static params = z.object({ word: z.string() });
       async run(p: Progress) { await p.stage("One", () => { console.log(this.params.word); throw new Error("no"); }); }
     }`,
  );
  world.write("config/liveops/config.json", JSON.stringify({ on: { failure: "exit 3" } }));
  await world.startDaemon(["--log-level", "trace"]);
  const words = ["submit", "noisy", "word=HIDDEN-PARAM", "--env", "TOKEN=HIDDEN-ENV"];
  const id = (await world.liveops(words)).stdout.trim();
  await world.finished(id);
  await world.liveops(["submit", "noisy", "word"]);
  const logs = async (...flags: string[]) => {
    const { code, stdout } = await world.liveopsd(["logs", ...flags]);
    expect(code).toBe(0);
    return stdout.split("\n").filter((line) => line !== "");
  };
  const failed = new RegExp(
    ` \\+00:00 warn  an action failed id=${id} event=failure source=config reason="`,
  );
  await until("the action has failed", async () =>
    (await logs()).some((line) => failed.test(line)),
  );
  expect(await logs("-n", "2")).toHaveLength(2);
  const stored = readFileSync(join(world.state, "liveopsd.log"), "utf8").trimEnd().split("\n");
  expect(badLogLines(stored)).toEqual([]);
  expect(stored.join("\n")).not.toContain("HIDDEN");
  expect(stored.some((line) => line.includes('"source":"loader","msg":"said at load"'))).toBe(true);
});
