/**
 * The program without any feature compiles, and does the main job: submit, a chain, a retry, the
 * dashboard.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { house } from "../harness/house.js";
import { temporaryDirectory } from "../harness/temporary.js";
import { buildIn, copyWithout, problemsIn } from "../harness/without-features.js";
import { onTerminal } from "./terminal.js";
import { World } from "./world.js";

test("without features", async () => {
  using directory = temporaryDirectory();
  const dir = directory.path;
  copyWithout(Object.keys(house().features), dir);
  expect(problemsIn(dir)).toBe("");
  buildIn(dir);

  const world = new World().make();
  const bin = (name: string) => join(dir, "dist", "bin", `${name}.cjs`);
  const liveops = async (...words: string[]) => {
    const { code, stdout, stderr } = await world.start(bin("liveops"), words).ended;
    return { code, stdout: stdout.trim(), said: stdout + stderr };
  };
  try {
    world.takeOperations("links");
    expect(await liveops("start")).toMatchObject({ code: 0 });

    const submitted = await liveops("submit", "--label", "once", "--", "test", "-e", "there");
    expect(submitted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z0-9]{12}$/) });
    expect(await liveops("wait", submitted.stdout)).toMatchObject({ code: 1 });
    world.write("work/there", "");
    expect(await liveops("retry", submitted.stdout, "--follow")).toMatchObject({ code: 0 });

    const chain = await liveops("submit", "first-link", "--follow");
    expect(chain).toMatchObject({
      code: 0,
      said: expect.stringContaining("chained to second-link"),
    });
    expect(chain.stdout).toMatch(/=== \[1\/1\] Load ===[\s\S]*=== \[1\/1\] Save ===/);

    await using terminal = onTerminal(world, bin("liveops-tui"), []);
    await terminal.screen.until(
      (text) => text.includes("once") && text.includes("First Link → Second Link"),
    );
    terminal.press("q");
    expect(await terminal.exited).toBe(0);
    expect(terminal.screen.faults).toEqual([]);
    expect(await liveops("stop")).toMatchObject({ code: 0 });
  } finally {
    await world.close();
  }
});
