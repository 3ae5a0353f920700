/** `liveops config`, and the config file of a daemon that runs: real files, signals and terminals. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { until } from "./until.js";
import { World } from "./world.js";

function emptyWorld() {
  const world = new World().make();
  onTestFinished(() => world.close());
  const dir = join(world.dir, "config", "liveops");
  const file = join(dir, "config.json");
  const write = (text: string) => writeFileSync(file, text);
  const config = (...words: string[]) => world.liveops(["config", ...words]);
  const log = () => readFileSync(join(world.state, "liveopsd.log"), "utf8");
  return { world, dir, file, write, config, log };
}

/** Commands that the daemon runs something for, or that run it here. */
const STARTS_WORK = [
  ["submit", "shell", "--", "true"],
  ["again", "k3f"],
  ["retry"],
  ["run", "shell", "--", "true"],
  ["schedule", "add", "@daily", "shell", "--", "true"],
  ["schedule", "run", "nightly"],
];

test("a comma too many keeps nobody from the running operations, and what starts work is refused", async () => {
  const { world, file, write, config } = emptyWorld();
  await world.startDaemon();
  const id = await world.submit("shell", "--", "sleep", "600");
  write('{ "concurrency": 3, ');
  const at = `${file}:1:`;
  const warned = (stderr: string) => expect(stderr.split(at)).toHaveLength(2);
  const listed = await world.liveops(["ls", "--json"]);
  expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining(id) });
  warned(listed.stderr);
  const status = await world.liveopsd(["status"]);
  expect(status).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("problem     the config file was"),
  });
  expect(status.stdout).toContain(at);
  warned(status.stderr);
  const json = await world.liveopsd(["status", "--json"]);
  expect(JSON.parse(json.stdout).config).toMatchObject({
    changed: true,
    problem: expect.stringContaining(at),
  });
  for (const refused of await Promise.all([
    world.liveopsd(["reload"]),
    world.liveopsd(["restart"]),
    config(),
    ...STARTS_WORK.map((words) => world.liveops(words)),
  ]))
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(at) });
  expect((await world.client.list()).total).toBe(1);
  const cancelled = await world.liveops(["cancel", id]);
  expect(cancelled.code).toBe(0);
  warned(cancelled.stderr);
  expect((await world.finished(id)).state).toBe("cancelled");
  expect((await world.liveops(["ls"], { env: { LIVEOPS_CONFIG: "/dev/null" } })).stderr).toBe("");
  write("{}");
  expect((await world.client.daemon()).config.problem).toBeNull();

  write('{ "nice": 3,\n  "notify" }\n');
  const run = await world.liveops(["run", "shell", "--", "true"]);
  expect(run.stderr).toBe(
    `liveops: ${file}:2:12: not valid JSON: a colon is expected here\ncorrect the file, then run: liveops config\n`,
  );
  expect(await world.liveopsd(["stop"])).toMatchObject({ code: 0 });
});

describe("without a daemon", () => {
  test("a setting is set, read and removed; the file is private, and only a valid value is written", async () => {
    const { file, config } = emptyWorld();
    expect(await config("path")).toMatchObject({ code: 0, stdout: `${file}\n` });
    expect((await config("get", "keepDays")).stdout).toBe("180\n");
    expect(await config("set", "keepDays", "7")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("keepDays: in effect at the next liveops start; no daemon runs"),
    });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ keepDays: 7 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await config("get", "keepDays")).stdout).toBe("7\n");
    expect((await config("--json")).stdout).toContain('"keepDays":{"value":7,"reload":"live"}');
    const before = readFileSync(file, "utf8");
    expect(await config("set", "keepDays", "soon")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("keepDays must be a whole number from 0 to 36500"),
    });
    expect(await config("get", "keepDay")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("did you mean keepDays?"),
    });
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(await config("set", "keepDays")).toMatchObject({ code: 0 });
    expect(await config("set", "keepDays")).toMatchObject({ code: 4 });
    expect((await config("get", "metrics", "--json")).stdout).toBe("null\n");
  });

  test("two links deep, ten commands at the same time lose nothing, and the links stay", async () => {
    const { world, dir, file, config } = emptyWorld();
    const real = join(world.dir, "dotfiles", "liveops.json");
    mkdirSync(join(world.dir, "dotfiles"));
    symlinkSync(real, join(dir, "link.json"));
    symlinkSync("link.json", file);
    const names = Array.from({ length: 10 }, (_, n) => `q${n}`);
    const ended = await Promise.all(names.map((name) => config("set", `queues.${name}.concurrency`, "2")));
    expect(ended.map(({ code }) => code)).toEqual(names.map(() => 0));
    expect(Object.keys(JSON.parse(readFileSync(real, "utf8")).queues).sort()).toEqual(names);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(world.dir, "dotfiles"))).toEqual(["liveops.json"]);
  });

  test("every program names the lines of an invalid file", async () => {
    const { world, file, write, config } = emptyWorld();
    write('{\n  "concurency": 2,\n  "nice": 99\n}\n');
    const ends = await Promise.all([
      config(),
      world.liveopsd(["start"]),
      world.liveopsd(["restart"]),
      world.liveopsd(["status"]),
      world.liveops(["ls"]),
      world.start("liveops-tui", []).ended,
    ]);
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2, 3, 3, 3]);
    for (const ended of ends) {
      expect(ended.stdout).toBe("");
      const lines = ended.stderr.split("\n");
      const of = (part: string) => lines.filter((line) => line.includes(part));
      expect(of(`${file}:2:3: unknown setting "concurency"; did you mean concurrency?`)).toHaveLength(1);
      expect(of(`${file}:3:11: nice must be a whole number from 0 to 19`)).toHaveLength(1);
    }
    expect(ends[4]!.stderr).toMatch(/^liveops: /);
    expect(ends[4]!.stderr).toContain("no setting of the file is used; correct the file, then run: liveops");
    expect((await config("set", "concurency")).code).toBe(0);
    expect((await config("set", "nice", "3")).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe('{\n  "nice": 3\n}\n');
  });

  test("the dashboard names the line of an action that it does not have", async () => {
    const { world, file, write } = emptyWorld();
    write('{\n  "keys": {"cancell": "x"}\n}');
    await using dashboard = onTerminal(world, "liveops-tui", [], { size: [200, 10] });
    expect(await dashboard.exited).toBe(2);
    expect(dashboard.screen.text()).toContain(
      `${file}:2:12: keys: no action "cancell"; did you mean cancel?`,
    );
  });
});

describe("with a daemon", () => {
  test("set applies what it can, and says the rest; an invalid file keeps the settings; queue set and flags win", async () => {
    const { world, file, write, config, log } = emptyWorld();
    write('{"concurrency": 1}\n');
    await world.startDaemon([], { env: { COLOUR: "blue" } });
    const { pid, config: read } = await world.client.daemon();
    expect(read).toMatchObject({ file, changed: false, restart: [], problem: null });

    expect((await config("set", "concurrency", "3")).stderr).toContain(
      `concurrency: in effect; the daemon (pid ${pid}) has read the file`,
    );
    expect((await world.client.daemon()).concurrency).toBe(3);
    world.write(
      "more/tells.ts",
      `import { getPriority } from "node:os";
       import { LiveOperation, z } from "liveops";
       export class Tells extends LiveOperation<typeof Tells> {
         static stages = [] as const;
         static params = z.object({});
         async run(p) { p.result([getPriority(), process.env.COLOUR]); }
       }`,
    );
    write(
      JSON.stringify({
        concurrency: 3,
        queues: { gpu: { concurrency: 2 } },
        nice: 11,
        logLevel: "debug",
        ops: [join(world.dir, "more")],
        env: { fromDaemon: ["COLOUR"] },
        metrics: "127.0.0.1:0",
        hooks: { onSuccess: `touch ${world.dir}/hooked` },
      }),
    );
    expect(await world.liveopsd(["reload"])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("applied: ops, queues, hooks, logLevel, metrics, env, nice"),
    });
    const { queues } = await world.client.queues();
    expect(queues.map(({ name, concurrency }) => [name, concurrency])).toEqual([
      ["default", 3],
      ["gpu", 2],
    ]);
    const { result } = await world.finished(await world.submit("tells"));
    expect(result).toEqual([11, "blue"]);
    await until("the hook ran", () => readdirSync(world.dir).includes("hooked"));
    const { metrics } = await world.client.daemon();
    expect((await fetch(`http://${metrics}/metrics`)).status).toBe(200);
    await config("set", "metrics");
    expect((await world.client.daemon()).metrics).toBeNull();
    await until("requests are logged", () => log().includes('"msg":"answered a request"'));

    expect((await config("set", "cgroup", "off")).stderr).toContain(
      "cgroup: in effect after: liveops restart",
    );
    expect((await config()).stdout).toMatch(/cgroup +off {2}\(after liveops restart\)/);
    const status = await world.liveopsd(["status"]);
    expect(status.stdout).toMatch(/config +\S+config\.json, read .+; after liveops restart: cgroup/);

    write('{"concurrency": 9,}\n');
    process.kill(pid, "SIGHUP");
    const problem = `${file}:1:19: not valid JSON`;
    await until("the line is logged", () => log().includes(problem));
    expect(await world.client.daemon()).toMatchObject({ concurrency: 3, config: { changed: true } });
    expect((await world.client.daemon()).config.problem).toContain(problem);
    write('{"concurrency": 4}\n');
    process.kill(pid, "SIGHUP");
    await until("the new file is read", async () => (await world.client.daemon()).concurrency === 4);
    expect((await world.client.daemon()).config).toMatchObject({ restart: [], problem: null });

    await config("set", "queues.gpu.concurrency", "4");
    await world.liveops(["queue", "set", "gpu", "--concurrency", "1"]);
    expect((await config("set", "queues.gpu.concurrency", "3")).stderr).toContain(
      "the queue gpu: liveops queue set has set 1, which overrides the file; to use that of the file: liveops queue set gpu --concurrency config",
    );
    const dropped = await world.liveops(["queue", "set", "gpu", "--concurrency", "config", "--json"]);
    expect(JSON.parse(dropped.stdout)).toMatchObject({ name: "gpu", concurrency: 3 });
    expect((await config("set", "queues.gpu.concurrency", "2")).stderr).not.toContain("overrides");

    expect((await world.liveopsd(["restart", "--concurrency", "2"])).code).toBe(0);
    expect((await config("set", "concurrency", "8")).stderr).toContain("started with a flag, which wins");
    expect((await world.client.daemon()).concurrency).toBe(2);
    expect((await config()).stdout).toMatch(/concurrency +2/);
  });

  test("in the foreground, a closed terminal is no reload and no end; SIGHUP after that is a reload", async () => {
    const { world, write, log } = emptyWorld();
    world.env.LIVEOPS_STATE_DIR = "../state/liveops";
    await using terminal = onTerminal(world, "liveopsd", ["start", "--foreground"]);
    await terminal.screen.until((text) => text.replaceAll("\n", "").includes("liveopsd is listening"));
    terminal.close();
    await until("the daemon noticed", () => log().includes("the terminal of the daemon was closed"));
    write('{"keepDays": 3}\n');
    process.kill(terminal.pid, "SIGHUP");
    await until("the file is read", () => log().includes('"applied":["keepDays"]'));
  });
});
