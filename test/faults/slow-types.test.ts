/** Operation files that load slowly or never: only their own types wait for them. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestDaemon } from "../harness/daemon.js";
import { temporaryDirectory } from "../harness/temporary.js";
import { FULL, patience } from "./mode.js";
import { untilFinished } from "./start.js";
import { record } from "./tally.js";

/** How long the loader lets a file hold it up, in ms: what is answered sooner did not wait for it. */
const HELD_MS = 10_000;

const says = (word: string) => `
import { LiveOperation, z } from "liveops";
export class Says extends LiveOperation {
  static params = z.object({ name: z.string() });
  async run(p) { p.result(${JSON.stringify(word)} + " " + this.params.name); }
}
`;

/** Holds up its process while the gate is not there. */
const held = (gate: string) => `
import { existsSync } from "node:fs";
import { LiveOperation, z } from "liveops";
while (!existsSync(${JSON.stringify(gate)}));
export class Held extends LiveOperation {
  static params = z.object({ name: z.string() });
  async run(p) { p.result(this.params.name); }
}
`;

async function resultOf(daemon: TestDaemon, op: string, params: Record<string, unknown>): Promise<unknown> {
  const { id } = await daemon.submit(op, { params });
  const ended = await untilFinished(daemon, id);
  expect(ended).toMatchObject({ state: "succeeded" });
  return ended.result;
}

test("a file that never yields: types of other files and the shipped ones are submitted meanwhile", {
  timeout: patience(60_000),
}, async () => {
  await using daemon = await TestDaemon.start({
    ops: { "a-loop.mjs": "for (;;);", "says.mjs": says("first"), "z-loop.mjs": "for (;;);" },
  });
  const started = performance.now();
  await daemon.submit("shell", { params: { args: ["true"] } });
  expect(await resultOf(daemon, "says", { name: "a" })).toBe("first a");
  // An edit while the others still hang is taken up as well.
  daemon.world.writeOp("says.mjs", says("second"));
  expect(await resultOf(daemon, "says", { name: "b" })).toBe("second b");
  expect(performance.now() - started).toBeLessThan(HELD_MS - 2000);
  record({ fault: "type file that never yields", injected: 2, survived: 3, lost: 0, duplicated: 0 });
});

test("an edit of one file: the types of all others are submitted while a slow one is loaded again", {
  timeout: patience(60_000),
}, async () => {
  using dir = temporaryDirectory();
  const gate = join(dir.path, "gate");
  writeFileSync(gate, "");
  await using daemon = await TestDaemon.start({
    ops: { "held.mjs": held(gate), "says.mjs": says("first") },
  });
  expect(await resultOf(daemon, "says", { name: "a" })).toBe("first a");
  expect(await resultOf(daemon, "held", { name: "a" })).toBe("a");
  expect((await daemon.client.types()).ops.map(({ op }) => op)).toContain("held");

  rmSync(gate);
  daemon.world.writeOp("says.mjs", says("second"));
  const started = performance.now();
  const edited = await daemon.submit("says", { params: { name: "b" } });
  await daemon.submit("shell", { params: { args: ["true"] } });
  // Its file is as it was: what the former loader knows of it still holds.
  const unchanged = await daemon.submit("held", { params: { name: "b" } });
  await expect(daemon.submit("held", { params: { name: 1 } })).rejects.toMatchObject({
    code: "LIVEOPS_PARAMS_INVALID",
  });
  expect(performance.now() - started).toBeLessThan(HELD_MS - 2000);
  writeFileSync(gate, "");
  expect((await untilFinished(daemon, edited.id)).result).toBe("second b");
  expect((await untilFinished(daemon, unchanged.id)).result).toBe("b");
  record({ fault: "slow type file loaded again", injected: 1, survived: 3, lost: 0, duplicated: 0 });
});

test("parameters that hang in one type's schema hold up no other type", {
  timeout: patience(60_000),
}, async () => {
  const hangs = `
      import { LiveOperation, z } from "liveops";
      export class Hangs extends LiveOperation {
        static params = z.object({ name: z.string().refine((name) => { while (name === "hang"); return true; }) });
        async run() {}
      }`;
  await using daemon = await TestDaemon.start({ ops: { "hangs.mjs": hangs, "says.mjs": says("first") } });
  expect(await resultOf(daemon, "says", { name: "a" })).toBe("first a");
  const started = performance.now();
  const hung = daemon.submit("hangs", { params: { name: "hang" } }).catch((error: unknown) => error);
  await daemon.submit("shell", { params: { args: ["true"] } });
  expect(await resultOf(daemon, "says", { name: "b" })).toBe("first b");
  expect(performance.now() - started).toBeLessThan(HELD_MS - 2000);
  expect(await resultOf(daemon, "says", { name: "c" })).toBe("first c");
  // The question is given up after 20 s; in the short form the daemon is stopped before.
  if (FULL) expect(await hung).toMatchObject({ code: "LIVEOPS_TYPE_FAULT" });
  record({ fault: "schema that never yields", injected: 1, survived: 3, lost: 0, duplicated: 0 });
});
