/**
 * The archive of `npm run release:tarball`: made by the command, installed where no Node is, used
 * as a reader does in the first hour, upgraded below a running operation, removed.
 */
// @module-tag tar
// @module-tag npm-sbom
// @module-tag xz
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { create, extract } from "tar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromMirror, NODE_VERSION, NoNodeError, ROOT } from "../../scripts/tarball/packages.js";
import { pack, writeSums } from "../../scripts/tarball/tree.js";
import { setVersion } from "../harness/installed-package.js";
import { onPty } from "../harness/on-pty.js";
import { UserManager, whyNoManager } from "../harness/user-manager.js";
import { Running } from "./bins.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });
const DATE = new Date("2026-01-02T03:04:06Z");
const published = join(world.dir, "published");
/** The archive, unpacked. */
const archive = join(world.dir, "an archive");
const prefix = join(world.dir, "home/my apps");
const installed = join(prefix, "lib/liveops");
const commands = join(world.dir, "commands");

beforeAll(async () => {
  // What the system has, without any Node.
  mkdirSync(commands);
  for (const file of globSync("{/usr/bin,/bin}/*"))
    if (
      !/^(node|npm|npx|corepack)/.test(basename(file)) &&
      !existsSync(join(commands, basename(file)))
    )
      symlinkSync(file, join(commands, basename(file)));
  world.env.PATH = commands;
  world.env.NODE_OPTIONS = "--no-such-option";
  const made = await release("--target", `${process.platform}-${process.arch}`, "--out", published);
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const [file] = globSync("*.tar.gz", { cwd: published });
  mkdirSync(archive);
  await extract({ file: join(published, file!), cwd: archive, strip: 1 });
}, 120_000);

/** Runs the command with an xz that is quick: its own options come last. */
function release(...words: string[]) {
  const xz = world.write("quick/xz", `#!/bin/sh\nPATH='${process.env.PATH}' exec xz "$@" -0\n`);
  chmodSync(xz, 0o755);
  const env = {
    ...process.env,
    PATH: `${dirname(xz)}:${process.env.PATH}`,
    SOURCE_DATE_EPOCH: String(DATE.getTime() / 1000),
    npm_config_cache: join(world.dir, "npm"),
  };
  const command = ["run", "release:tarball", "--", "--node-mirror", "http://127.0.0.1:9", ...words];
  return new Running(spawn("npm", command, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] }))
    .ended;
}

function run(program: string, ...words: string[]) {
  const child = spawn(program, words, {
    cwd: world.work,
    env: world.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Running(child).ended;
}

const bin = (name: string) => join(prefix, "bin", name);

async function succeeds(program: string, ...words: string[]): Promise<string> {
  const ended = await run(program, ...words);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return ended.stdout + ended.stderr;
}

const install = (...words: string[]) =>
  run(join(archive, "install.sh"), "--prefix", prefix, ...words);

describe.runIf(process.platform === "linux")("an install without any Node on the PATH", () => {
  test("tells where the archive cannot be checked, since the programs for that are missing", async () => {
    const few = join(world.dir, "few commands");
    mkdirSync(few);
    for (const name of readdirSync(commands))
      if (!/^(sha256sum|shasum)$/.test(name)) symlinkSync(join(commands, name), join(few, name));
    world.env.PATH = few;
    const refused = await install();
    world.env.PATH = commands;
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(
      "cannot be checked: neither sha256sum nor shasum is on the PATH",
    );
  });

  test("runs a chain, a program on a terminal, and an operation in TypeScript", async () => {
    world.env.LIVEOPS_FROM = published;
    const ended = await run("sh", join(published, "install.sh"), "--prefix", prefix);
    delete world.env.LIVEOPS_FROM;
    expect(ended.stdout).toMatch(/takes liveops-.*\.tar\.xz from/);
    expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain(`export PATH="${prefix}/bin:$PATH"`);
    const link = join(world.dir, "another link");
    symlinkSync("home/my apps/bin/liveops", link);
    expect(await succeeds(link, "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);

    world.write("work/data/file", "text");
    world.takeOperations("links");
    await succeeds(bin("liveopsd"), "start");
    const backup = await succeeds(bin("liveops"), "submit", "backup", "source=data", "target=kept");
    const watched = await succeeds(bin("liveops"), "watch", backup.trim());
    expect(watched).toContain("is as backup wrote it");
    expect(readdirSync(join(world.work, "kept")).some((name) => name.endsWith(".tar.gz"))).toBe(
      true,
    );
    await succeeds(bin("liveops"), "submit", "--tty", "--wait", "shell", "--", "test", "-t", "1");
    expect(await succeeds(bin("liveops"), "ops")).toContain("links");
    expect(await succeeds(bin("liveops-tui"), "--help")).toContain("liveops-tui");
  }, 60_000);

  test("a reader without an agent edits a pipeline three times, sees it fail and retries it", async () => {
    const setup = await run(bin("liveops"), "mcp", "setup");
    expect(setup).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("no client"),
    });
    for (const [n, command] of ["echo 1", "echo 2", "[ -e site ]"].entries()) {
      world.write("config/liveops/ops/site.yaml", `stages: [{ name: Publish, run: "${command}" }]`);
      const ended = await run(bin("liveops"), "submit", "site", "--follow");
      expect(ended).toMatchObject({ code: n < 2 ? 0 : 1 });
      expect(ended.stdout + ended.stderr).not.toContain("queued again");
    }
    const [failed] = (await world.client.list({ op: "site" })).operations;
    await using dashboard = onPty(bin("liveops"), [], { cwd: world.work, env: world.env });
    await dashboard.screen.until("R retry");
    dashboard.press("R");
    await dashboard.screen.until("⏎ yes");
    dashboard.press("\r");
    await world.record(failed!.id, ({ state, attempt }) => state === "failed" && attempt === 2);
    dashboard.press("q");
    expect(await dashboard.exited).toBe(0);
    world.write("work/site", "");
    expect(await succeeds(bin("liveops"), "retry", failed!.id, "--follow")).toContain("attempt 3");
  }, 60_000);

  test("has man pages and completion, and a service that names no directory of nvm", async () => {
    const page = join(prefix, "share/man/man1/liveops-submit.1");
    expect(readFileSync(page, "utf8")).toContain("Submit an operation");
    for (const [shell, file] of [
      ["bash", "bash-completion/completions/liveopsd"],
      ["zsh", "zsh/site-functions/_liveops"],
      ["fish", "fish/vendor_completions.d/liveops-tui.fish"],
    ] as const)
      expect(readFileSync(join(prefix, "share", file), "utf8")).toBe(
        await succeeds(bin("liveops"), "completion", shell),
      );
    const nvm = world.write("home/.nvm/versions/node/v24.0.0/bin/node", "");
    world.env.PATH = `${join(nvm, "..")}:${commands}`;
    await succeeds(bin("liveopsd"), "install");
    world.env.PATH = commands;
    const unit = readFileSync(join(world.dir, "config/systemd/user/liveopsd.service"), "utf8");
    await succeeds(bin("liveopsd"), "install", "--remove");
    expect(unit).toContain(`ExecStart=":${installed}/node/bin/node"`);
    expect(unit).not.toContain("nvm");
  });

  test("the SBOM lists Node and the packages of the archive alone, and is the same each time", () => {
    const sbom = JSON.parse(readFileSync(join(installed, "sbom.cdx.json"), "utf8"));
    const names: string[] = sbom.components.map(({ name }: { name: string }) => name);
    const modules = join(installed, "app/node_modules");
    const packages = globSync(["*/package.json", "@*/*/package.json"], { cwd: modules });
    expect(names).toEqual(
      expect.arrayContaining(["node", ...packages.map((file) => join(file, ".."))]),
    );
    expect(names.filter((name) => /darwin|win32/.test(name))).toEqual([]);
    expect([sbom.serialNumber, sbom.metadata.timestamp]).toEqual([undefined, DATE.toISOString()]);
  });

  test("an upgrade restarts the daemon, and the running operation ends in its version", async () => {
    const waits = ["shell", "--", "sh", "-c", "until [ -e go ]; do sleep 0.1; done"];
    const id = (await succeeds(bin("liveops"), "submit", ...waits)).trim();
    await world.record(id, ({ currentStage }) => currentStage >= 0);
    setVersion(join(archive, "app"), "0.9.0");
    expect(await install()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the archive is damaged"),
    });
    writeSums(archive);
    const ended = await install();
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain("installed liveops 0.9.0");
    expect(ended.stderr).toContain("kept 1 running operation");
    expect(await world.client.daemon()).toMatchObject({ version: "0.9.0" });
    world.write("work/go", "");
    expect(await succeeds(bin("liveops"), "wait", id)).toBe(`${id} succeeded\n`);
  }, 60_000);

  test("a command of another install is not replaced", async () => {
    const other = join(world.dir, "other");
    world.write("other/bin/liveopsd", "");
    const ended = await run(join(archive, "install.sh"), `--prefix=${other}`);
    expect(ended).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("bin/liveopsd belongs to another"),
    });
    expect(readdirSync(other)).toEqual(["bin"]);
    expect(await install("--prefix", join(other, "none"), "--uninstall")).toMatchObject({
      code: 4,
      stderr: `install.sh: no liveops is installed in ${join(other, "none")}\n`,
    });
    expect(await install("--prefix")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("needs a directory"),
    });
  });

  test("an uninstall stops the daemon and leaves the files of others alone", async () => {
    const mine = world.write("home/my apps/share/man/man1/mine.1", "");
    await succeeds(join(installed, "install.sh"), "--uninstall");
    expect(globSync("**", { cwd: prefix }).sort()).toEqual([
      ".",
      "share",
      "share/man",
      "share/man/man1",
      "share/man/man1/mine.1",
    ]);
    expect(existsSync(mine)).toBe(true);
    await until("the daemon is gone", async () => !(await world.client.daemon().catch(() => null)));
  });
});

describe.skipIf(whyNoManager() !== null)(
  "with the user's manager of systemd",
  { tags: ["systemd"] },
  () => {
    let manager: UserManager;
    beforeAll(async () => {
      manager = new UserManager(join(world.dir, "a manager"), { PATH: commands });
      await manager.ready();
    });
    afterAll(() => manager.close());

    test("--service installs the service, and an uninstall removes it", async () => {
      const home = join(manager.dir, "home");
      const units = join(home, ".config/systemd/user");
      const ended = await manager.run(join(archive, "install.sh"), "--service");
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(readFileSync(join(units, "liveopsd.service"), "utf8")).toContain(
        `${home}/.local/lib/liveops/node`,
      );
      const removed = await manager.run(join(home, ".local/lib/liveops/install.sh"), "--uninstall");
      expect(removed, removed.stderr).toMatchObject({ code: 0 });
      expect(readdirSync(units).filter((name) => name.startsWith("liveops"))).toEqual([]);
      expect(readdirSync(join(home, ".local"))).toEqual(["state"]);
    });
  },
);

test("the same files give the same bytes", async () => {
  const made = [];
  for (const [names, seconds] of [
    [["b", "a/c"], 1e9],
    [["a/c", "b"], 1.1e9],
  ] as const) {
    const parent = join(world.dir, `packed-${seconds}`);
    for (const name of names) {
      const file = world.write(`packed-${seconds}/tree/${name}`, name);
      utimesSync(file, seconds, seconds);
    }
    await pack(parent, "tree", join(parent, "tree.tar.gz"), DATE);
    made.push(readFileSync(join(parent, "tree.tar.gz")));
  }
  expect(made[0]!.equals(made[1]!)).toBe(true);
});

test("an archive of Node must match its checksum", async () => {
  const name = `node-v${NODE_VERSION}-darwin-arm64`;
  world.write(`mirror/${name}/bin/node`, "program");
  world.write(`mirror/${name}/LICENSE`, "licence");
  const file = join(world.dir, "mirror", `${name}.tar.gz`);
  await create({ cwd: join(world.dir, "mirror"), file, gzip: true }, [name]);
  const bytes = readFileSync(file);
  let sum = createHash("sha256").update(bytes).digest("hex");
  const server = createServer(({ url }, reply) => {
    if (url!.endsWith(`/${name}.tar.gz`)) reply.end(bytes);
    else if (url!.endsWith("/SHASUMS256.txt")) reply.end(`${sum}  ${name}.tar.gz\n`);
    else reply.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dist`;
  const to = join(world.dir, "mirrored");
  mkdirSync(to);
  await fromMirror("darwin-arm64", to, mirror);
  expect(readFileSync(join(to, "bin/node"), "utf8")).toBe("program");
  sum = sum.replace(/./, (digit) => (digit === "0" ? "1" : "0"));
  await expect(fromMirror("darwin-arm64", to, mirror)).rejects.toThrow(
    "does not match SHASUMS256.txt",
  );
  await expect(fromMirror("darwin-x64", to, mirror)).rejects.toThrow(NoNodeError);
  await new Promise((resolve) => server.close(resolve));
});
