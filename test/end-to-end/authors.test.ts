/**
 * What an author sees of the own operation's messages, errors and mistakes, with the daemon and
 * without.
 */
import { expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld({ words: ["--concurrency", "5"] });

const type = (name: string, body: string, statics = "") => `
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";
export class ${name} extends LiveOperation<typeof ${name}> {
  ${statics}
  async run(p: Progress<${name}>) { ${body} }
}
`;
const write = (name: string, ...rest: [string, string?]) =>
  world.write(`config/liveops/ops/${name.toLowerCase()}.ts`, type(name, ...rest));

test("messages of the author are shown as written, those of zod begin small after the name", async () => {
  write(
    "Checked",
    "",
    `static params = z.object({
      id: z.string().refine((id) => id !== "x", "ID must not be x").default("y"),
      at: z.email({ error: "E-Mail, please" }).optional(),
      url: z.url().optional(),
    }).refine(({ id }) => id !== "z", { message: "Z is taken" });`,
  );
  for (const [word, says] of [
    ["id=x", "id: ID must not be x"],
    ["at=y", "at: E-Mail, please"],
    ["url=y", "url: invalid URL"],
    ["id=z", "Z is taken"],
  ]) {
    const { code, stderr } = await world.liveops([
      word === "id=x" ? "run" : "submit",
      "checked",
      word!,
    ]);
    expect(code).toBe(2);
    expect(stderr.split("\n")[0]).toBe(`liveops: The parameters are not valid: ${says}`);
  }
});

const NEVER =
  'run waits for a promise that never settles (stage "Wait" is active): no timer, file, socket or process is open that could settle it; look for a promise without resolve, or a callback that is never called';

test("a promise that never settles fails the operation, whatever came before it", async () => {
  write(
    "Never",
    `await p.stage("Wait", async () => {
      p.percent(50);
      p.status("waiting");
      await delay(50);
      if (this.params.how === "child") await once(spawn("sleep", ["0.1"], { stdio: "inherit" }), "exit");
      await new Promise(() => {});
    });`,
    'static stages = ["Wait"] as const; static params = z.object({ how: z.string().default("") });',
  );
  write(
    "Unsure",
    "",
    "static params = z.object({ n: z.string().refine(() => new Promise<boolean>(() => {})) });",
  );
  expect(await world.liveops(["run", "unsure", "n=x"])).toMatchObject({
    code: 1,
    stderr: "liveops: the schema of unsure waits for a promise that never settles\n",
  });
  const run = await world.liveops(["run", "never", "how=child"]);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain(`failed: ${NEVER} (LIVEOPS_NEVER_SETTLED)`);
  for (const how of ["", "child"]) {
    const id = await world.submit("never", `how=${how}`);
    expect((await world.finished(id)).error).toMatchObject({
      code: "LIVEOPS_NEVER_SETTLED",
      message: NEVER,
    });
  }
  // The worker is not used again, and others do their work.
  expect((await world.finished(await world.submit("shell", "--", "true"))).state).toBe("succeeded");
});

test("an operation that waits for a stop, a timer or a child is left alone", async () => {
  write(
    "Waits",
    `await p.stage("Wait", async () => {
      const { how } = this.params;
      if (how === "timer") await delay(1500);
      if (how === "child") await once(spawn("sleep", ["1.5"], { stdio: "inherit" }), "exit");
      if (how === "import") await import("./_later.ts");
      if (how === "signal") await once(p.signal, "abort");
      const any = how === "any" ? AbortSignal.any([p.signal, new AbortController().signal]) : null;
      if (any) await new Promise((resolve) => any.addEventListener("abort", resolve));
    });`,
    'static stages = ["Wait"] as const; static params = z.object({ how: z.string() });',
  );
  world.write("config/liveops/ops/_later.ts", "export const later: number = 1;");
  const run = world.liveops(["run", "waits", "how=import"]);
  const submit = (how: string) => world.submit("waits", `how=${how}`);
  const stopped = await Promise.all(["signal", "any"].map(submit));
  for (const id of stopped) await world.record(id, ({ currentStage }) => currentStage === 0);
  // A timer takes longer than a look at the event loop.
  for (const id of await Promise.all(["timer", "child", "import"].map(submit)))
    expect((await world.finished(id)).state).toBe("succeeded");
  for (const id of stopped) {
    expect((await world.client.show(id)).state).toBe("running");
    await world.client.cancel(id);
    expect(["cancelled", "succeeded"]).toContain((await world.finished(id)).state);
  }
  expect((await run).code).toBe(0);
});

test("show and run print the whole chain of causes", async () => {
  write(
    "Causes",
    `const gone = new Error("the disk is gone");
     const many = new AggregateError([new TypeError("first"), new Error("second", { cause: gone })], "many");
     throw new Error("top", { cause: new Error("middle", { cause: many }) });`,
  );
  const causes = [
    "caused by: Error: middle",
    "  caused by: AggregateError: many",
    "    caused by: TypeError: first",
    "    caused by: Error: second",
    "      caused by: Error: the disk is gone",
  ];
  const of = (text: string) => text.split("\n").filter((line) => line.includes("caused by"));
  const run = await world.liveops(["run", "causes"]);
  expect(run.code).toBe(1);
  expect(of(run.stderr)).toEqual(causes);
  expect(run.stderr.match(/at .*causes\.ts:\d+/g)).toHaveLength(6);
  const id = await world.submit("causes");
  await world.finished(id);
  const show = await world.liveops(["show", id]);
  expect(of(show.stdout)).toEqual(causes.map((line) => `  ${line}`));
  const { error } = await world.client.show(id);
  expect(error!.causes!.map(({ message }) => message)).toEqual([
    "Error: middle",
    "AggregateError: many",
    "TypeError: first",
    "Error: second",
    "Error: the disk is gone",
  ]);
});

test("ops NAME, submit NAME --help and run NAME --help show one type", async () => {
  write(
    "Shown",
    "",
    `static title = "Shown in full"; static stages = ["Load", "Save"] as const;
     static timeout = 60; static retry = { attempts: 3, backoff: 2 }; static resumable = true;
     static params = z.object({
       db: z.object({ host: z.string().default("localhost"), port: z.int().min(1) }).describe("where to write"),
       mode: z.enum(["fast", "safe"]).default("safe"),
     }).describe("Loads and saves");`,
  );
  const page = [
    "shown  Shown in full",
    "  Loads and saves",
    "  stages        Load, Save",
    "  timeout       60 s",
    "  grace period  10 s",
    "  retry         3 attempts in total, the second after 2 s",
    "  resumable     yes: a retry does not run finished stages again",
    `  file          ${world.ops}/shown.ts`,
    "  parameters",
    "    db       object                    required             where to write",
    '    db.host  text                      default "localhost"',
    "    db.port  whole number, at least 1  required",
    '    mode     fast | safe               default "safe"',
  ].join("\n");
  const ops = await world.liveops(["ops", "shown"]);
  expect(ops).toMatchObject({ code: 0, stderr: "", stdout: `${page}\n` });
  for (const words of [
    ["submit", "shown", "--help"],
    ["run", "--label", "x", "-h", "shown", "mode=fast"],
  ]) {
    const [command] = words;
    const stdout = `${page}\n\nOptions of the command: liveops ${command} --help\n`;
    expect(await world.liveops(words)).toMatchObject({ code: 0, stderr: "", stdout });
    expect((await world.liveops([command!, "--help"])).stdout).toMatch(/^Usage: liveops/);
    const near = await world.liveops([command!, "shwon", "--help"]);
    expect(near).toMatchObject({ code: 4, stdout: "" });
    expect(near.stderr).toContain("did you mean shown?");
  }
  // What follows -- belongs to the operation.
  const echo = await world.liveops(["submit", "shell", "--follow", "--", "echo", "--help"]);
  expect(echo.stdout).toContain("$ echo --help\n");
  const json = JSON.parse((await world.liveops(["ops", "shown", "--json"])).stdout);
  expect(json).toMatchObject({
    op: "shown",
    timeout: 60,
    params: { description: "Loads and saves" },
  });
  expect(await world.liveops(["ops", "shwon"])).toMatchObject({ code: 4, stdout: "" });
  write("Fails", "", 'static stages = ["A", "A"];');
  expect((await world.liveops(["ops", "fails"])).stderr).toContain(
    "fails.ts does not load: class Fails",
  );
});
