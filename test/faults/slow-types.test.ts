/**
 * Operation files that never yield: they are named with the reason, and the types of other files
 * are answered.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestDaemon } from "../harness/daemon.js";
import { patience } from "./mode.js";
import { eventually, untilFinished } from "./start.js";
import { record } from "./tally.js";

const says = (word: string) => `
import { LiveOperation, z } from "liveops";
export class Says extends LiveOperation {
  static params = z.object({ name: z.string() });
  async run(p) { p.result(${JSON.stringify(word)} + " " + this.params.name); }
}
`;

const HANGS = `
import { LiveOperation, z } from "liveops";
export class Hangs extends LiveOperation {
  static params = z.object({ name: z.string().refine((name) => { while (name === "hang"); return true; }) });
  async run() {}
}`;

async function resultOf(
  daemon: TestDaemon,
  op: string,
  params: Record<string, unknown>,
): Promise<unknown> {
  const { id } = await daemon.submit(op, { params });
  const ended = await untilFinished(daemon, id);
  expect(ended).toMatchObject({ state: "succeeded" });
  return ended.result;
}

test("a file that never yields: it is named, the types of other files run, and its edit is taken up", {
  timeout: patience(60_000),
}, async () => {
  await using daemon = await TestDaemon.start({
    ops: { "loops.mjs": "for (;;);", "says.mjs": says("first") },
  });
  await daemon.submit("shell", { params: { args: ["true"] } });
  expect(await resultOf(daemon, "says", { name: "a" })).toBe("first a");
  const [problem] = (await daemon.client.daemon()).problems;
  expect(problem).toMatch(/loops\.mjs does not load: its top level did not finish within 10 s$/);
  await expect(daemon.submit("loops")).rejects.toThrow(/loops\.mjs does not load: its top level/);
  daemon.world.writeOp("loops.mjs", says("second").replace("Says", "Loops"));
  expect(await resultOf(daemon, "loops", { name: "b" })).toBe("second b");
  await eventually(
    "no file is broken",
    async () => (await daemon.client.daemon()).problems.length === 0,
  );
  record({
    fault: "type file that never yields",
    injected: 1,
    survived: 3,
    lost: 0,
    duplicated: 0,
  });
});

test("an edit while a file never yields: the file is loaded as it is now", {
  timeout: patience(60_000),
}, async () => {
  await using daemon = await TestDaemon.start({ ops: { "says.mjs": says("first") } });
  expect(await resultOf(daemon, "says", { name: "a" })).toBe("first a");
  const begun = join(daemon.world.dir, "begun");
  const endless = `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(begun)}, ""); for (;;);`;
  daemon.world.writeOp("says.mjs", endless);
  const asked = daemon.submit("says", { params: { name: "b" } });
  await eventually("the file is being loaded", () => existsSync(begun));
  daemon.world.writeOp("says.mjs", says("second"));
  // The daemon looks at its files when it is asked.
  await daemon.client.daemon();
  const { id } = await asked;
  expect((await untilFinished(daemon, id)).result).toBe("second b");
});

test("parameters that hang in one type's schema are refused, and the next ones are read", {
  timeout: patience(60_000),
}, async () => {
  await using daemon = await TestDaemon.start({
    ops: { "hangs.mjs": HANGS, "says.mjs": says("first") },
  });
  const hung = daemon
    .submit("hangs", { params: { name: "hang" } })
    .catch((error: unknown) => error);
  expect(await resultOf(daemon, "says", { name: "b" })).toBe("first b");
  expect(await hung).toMatchObject({ code: "LIVEOPS_TYPE_FAULT" });
  expect(await daemon.submit("hangs", { params: { name: "no" } })).toMatchObject({ op: "hangs" });
  record({ fault: "schema that never yields", injected: 1, survived: 2, lost: 0, duplicated: 0 });
});
