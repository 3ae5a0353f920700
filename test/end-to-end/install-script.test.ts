/**
 * `install.sh` by itself: takes an archive from a file, a directory or a URL, checks it, installs
 * it and removes it.
 */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pack, sumLine, writeSums } from "../../scripts/tarball/tree.js";
import { useDirectories } from "../harness/temporary.js";
import { Running } from "./bins.js";

const SCRIPT = new URL("../../scripts/tarball/install.sh", import.meta.url).pathname;
const dir = useDirectories()();
const published = join(dir, "published");
const prefix = join(dir, "home/.local");
const env = { HOME: join(dir, "home"), PATH: "/usr/bin:/bin", TMPDIR: join(dir, "tmp") };
const target = `${process.platform}-${process.arch}`;
const server = createServer(({ url }, reply) => {
  const file = join(published, url!);
  if (existsSync(file)) reply.end(readFileSync(file));
  else reply.writeHead(404).end();
});

beforeAll(async () => {
  for (const each of [published, env.HOME, env.TMPDIR]) mkdirSync(each, { recursive: true });
  for (const version of ["0.9.0", "0.10.0"]) await archive(version);
  writeFileSync(join(published, "SHA256SUMS"), sums());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const archives = () => globSync("*.tar.gz", { cwd: published }).sort();
const sums = () =>
  archives()
    .map((name) => sumLine(published, name))
    .join("");

/** Programs in the place of those of an archive: they print their version. */
async function archive(version: string): Promise<void> {
  const name = `liveops-${version}-${target}`;
  const tree = join(dir, name);
  mkdirSync(join(tree, "bin"), { recursive: true });
  mkdirSync(join(tree, "share"));
  copyFileSync(SCRIPT, join(tree, "install.sh"));
  for (const bin of ["liveops", "liveopsd", "liveops-tui"])
    writeFileSync(join(tree, "bin", bin), `#!/bin/sh\n[ "$1" = --version ] && echo ${version}\n`);
  for (const file of ["install.sh", "bin/liveops", "bin/liveopsd", "bin/liveops-tui"])
    chmodSync(join(tree, file), 0o755);
  writeSums(tree);
  await pack(dir, name, join(published, `${name}.tar.gz`), new Date(0));
}

/** As a person does it: the text of the script comes from a pipe. */
async function install(from: string | null, ...words: string[]) {
  const child = spawn("sh", ["-s", "--", ...words], {
    cwd: env.HOME,
    env: from === null ? env : { ...env, LIVEOPS_FROM: from },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(readFileSync(SCRIPT));
  return new Running(child).ended;
}

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

test.each([
  ["a URL", url, "0.10.0"],
  ["a file", () => join(published, archives().at(-1)!), "0.9.0"],
])("installs from %s, and an uninstall leaves nothing", async (_place, from, version) => {
  const ended = await install(from());
  expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toContain(`installed liveops ${version} in ${prefix}/lib/liveops`);
  expect(globSync("bin/*", { cwd: prefix }).sort()).toEqual([
    "bin/liveops",
    "bin/liveops-tui",
    "bin/liveopsd",
  ]);
  expect(globSync("*", { cwd: env.TMPDIR })).toEqual([]);
  expect(await install(null, "--uninstall")).toMatchObject({ code: 0, stderr: "" });
  expect(globSync("**", { cwd: env.HOME })).toEqual(["."]);
});

test("a damaged archive is not installed", async () => {
  const [name] = archives();
  const copy = join(dir, "copied");
  mkdirSync(copy);
  copyFileSync(join(published, name!), join(copy, name!));
  writeFileSync(join(copy, "SHA256SUMS"), sums());
  appendFileSync(join(copy, name!), "x");
  expect(await install(join(copy, name!))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is damaged: it does not match SHA256SUMS"),
  });
  rmSync(join(copy, "SHA256SUMS"));
  expect(await install(join(copy, name!))).toMatchObject({
    code: 1,
    stderr: `install.sh: there is no file ${copy}/SHA256SUMS\n`,
  });
  expect(await install(`${url()}/none`)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("/none/SHA256SUMS cannot be downloaded"),
  });
  expect(await install(null)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("LIVEOPS_FROM must name one"),
  });
  expect(globSync("**", { cwd: env.HOME })).toEqual(["."]);
});
