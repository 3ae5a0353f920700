/** `liveops dev`: reruns on a save, keys, signals, and nothing that is left. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Running } from "./bins.js";
import { processesOf } from "./processes.js";
import { onTerminal } from "./terminal.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });

const LIB = "export const text: string = ";
const hello = (body: string) => `
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";
import { text } from "./lib/_text.ts";
export class Hello extends LiveOperation<typeof Hello> {
  static stages = ["Greet"] as const;
  static params = z.object({ to: z.string().default("you") });
  static gracePeriod = 1;
  async run(p: Progress<Hello>) {
    await p.stage("Greet", async () => { p.log(\`\${text} \${this.params.to}\`); ${body} });
  }
}
`;
const lib = (text: string) => world.write("work/ops/lib/_text.ts", `${LIB}${text};\n`);
const WAITING = "waiting for a change";

/** How often the text was said. */
const count = (run: Running, text: string) => (run.stdout + run.stderr).split(text).length - 1;
const waits = (run: Running, times: number) =>
  until(
    `${times} ends`,
    () => count(run, WAITING) >= times,
    () => run.stdout + run.stderr,
  );

async function ends(run: Running): Promise<void> {
  run.signal("SIGINT");
  expect(await run.ended).toMatchObject({ code: 130, signal: null });
  await until(
    "nothing is left",
    () => processesOf(world.dir).length === 0,
    () => JSON.stringify(processesOf(world.dir)),
  );
}

test("runs again after a save of what it imports, shows errors, and ends with 130", async () => {
  world.write("work/ops/hello.ts", hello(""));
  lib('"hi"');
  const run = world.start("liveops", ["dev", "--ops", "ops", "hello", "--params", "-"], {
    input: '{"to":"all"}',
  });
  await waits(run, 1);
  expect(run.stdout).toContain("hi all\n");
  // By rename, as editors do.
  writeFileSync(join(world.work, "new"), `${LIB}"ho";\n`);
  renameSync(join(world.work, "new"), join(world.work, "ops/lib/_text.ts"));
  await waits(run, 2);
  expect(run.stdout).toContain("ho all\n");
  expect(run.stderr).toMatch(/^── \d\d:\d\d:\d\d ── ops\/lib\/_text\.ts changed ─+$/m);
  lib("");
  await waits(run, 3);
  expect(run.stderr).toContain("hello.ts does not load");
  expect(run.stderr).toContain(`did not start; ${WAITING}`);
  lib('"hey"');
  await waits(run, 4);
  expect(run.stdout).toContain("hey all\n");
  world.write("work/ops/hello.ts", hello('throw new Error("no");'));
  await waits(run, 5);
  expect(run.stderr).toContain(`failed; ${WAITING}`);
  await ends(run);
});

test("does not run an older copy of a file that does not load, and runs the file once it is mended", async () => {
  world.write("work/ops/hello.ts", `${hello("")}(`);
  world.write("work/older/hello.ts", hello(""));
  lib('"new"');
  world.write("work/older/lib/_text.ts", `${LIB}"old";`);
  const words = ["--ops", "ops", "--ops", "older", "hello"];
  const once = await world.liveops(["run", ...words]);
  expect(once).toMatchObject({ code: 4, stdout: "" });
  expect(once.stderr).toMatch(/there is no operation type "hello": .*work\/ops\/hello\.ts does not load: /);
  const run = world.start("liveops", ["dev", ...words]);
  await waits(run, 1);
  world.write("work/ops/hello.ts", hello(""));
  await waits(run, 2);
  expect(run.stdout).toContain("new you\n");
  expect(run.stdout).not.toContain("old");
  await ends(run);
});

test("cancels the run that a save interrupts, and kills one that does not stop", async () => {
  lib('"first"');
  world.write("work/ops/hello.ts", hello("await delay(60_000, undefined, { signal: p.signal });"));
  const run = world.start("liveops", ["dev", "--ops", "ops", "hello"]);
  await run.says("stdout", "first you");
  world.write("work/ops/hello.ts", hello("for (;;);"));
  await until("stopping", () => run.stderr.includes("ops/hello.ts changed; stopping the run"));
  await until("again", () => count(run, "first you") === 2);
  expect(run.stderr).toContain("cancelled");
  world.write("work/ops/hello.ts", hello(""));
  await waits(run, 1);
  expect(count(run, "first you")).toBe(3);
  expect(run.stderr).toContain("the operation did not stop within its grace period of 1 s");
  await ends(run);
});

test("on a terminal Enter runs again, q ends, and the terminal is as before", async () => {
  lib('"hi"');
  await using shell = onTerminal(world, "liveops", ["dev", "--ops", "ops", "hello"]);
  const seen = (what: string, times: number) =>
    until(
      what,
      () => shell.screen.text().split(what).length - 1 >= times,
      () => shell.screen.text(),
    );
  await seen("Enter runs again, q ends", 1);
  shell.press("\r");
  await seen("Enter runs again, q ends", 2);
  expect(shell.screen.text()).toContain("asked for");
  shell.press("q");
  expect(await shell.exited).toBe(0);
  await using other = onTerminal(world, "liveops", ["dev", "--ops", "ops", "hello"]);
  await until("it waits", () => other.screen.text().includes(WAITING));
  other.press("\u0003");
  expect(await other.exited).toBe(130);
});

test("a pipeline runs again after a save of its file or of its script", async () => {
  world.write("work/scripts/say.sh", "echo one\n");
  const file = (more: string) =>
    world.write("work/say.yaml", `stages:\n  - { name: Say, run: sh scripts/say.sh }\n${more}`);
  file("");
  const run = world.start("liveops", ["dev", "say.yaml"]);
  await waits(run, 1);
  world.write("work/scripts/say.sh", "echo two\n");
  await waits(run, 2);
  expect(run.stderr).toContain("scripts/say.sh changed");
  expect(run.stdout).toContain("\ntwo\n");
  file("  - { name: More, run: echo three }\n");
  await waits(run, 3);
  expect(run.stdout).toContain("\nthree\n");
  await ends(run);
});

test("without a file to watch it ends as a run does", async () => {
  const shipped = await world.liveops(["dev", "shell", "--", "true"]);
  expect(shipped.code).toBe(0);
  expect(shipped.stderr).toContain("shell comes with liveops: there is no file to watch");
  expect((await world.liveops(["dev", "none"])).code).toBe(4);
  expect(await world.liveops(["dev", "-"])).toMatchObject({ code: 2 });
  expect(await world.liveops(["dev", "hello", "--params", "{"])).toMatchObject({ code: 2 });
});
