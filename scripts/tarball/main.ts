/**
 * `npm run release:tarball -- [--target TARGET]… [--out DIR] [--node-mirror URL]`: archives of
 * liveops with a Node of their own, and `SHA256SUMS` (default: `release/`).
 *
 * Without `--target`, each target whose Node can be had. `SOURCE_DATE_EPOCH` is the date of the
 * files; default: the date of the commit.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { inTemporary, NoNodeError, ROOT, TARGETS, type Target } from "./packages.js";
import { archiveName, makeTree, pack, sumLine } from "./tree.js";

const say = (text: string) => process.stderr.write(`release:tarball: ${text}\n`);

function endWith(code: number, error: unknown): never {
  say((error as Error).message);
  process.exit(code);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        target: { type: "string", multiple: true },
        out: { type: "string", default: join(ROOT, "release") },
        "node-mirror": { type: "string", default: "https://nodejs.org/dist" },
      },
    });
    const unknown = values.target?.find((target) => !TARGETS.some((each) => each === target));
    if (unknown !== undefined)
      throw new Error(`${unknown} is not a target; give one of: ${TARGETS.join(", ")}`);
    const named = values.target as Target[] | undefined;
    return { named, out: resolve(values.out), mirror: values["node-mirror"] };
  } catch (error) {
    return endWith(2, error);
  }
}

const { named, out, mirror } = readArguments();
const commitTime = () =>
  execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8" });
const date = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? commitTime()) * 1000);
mkdirSync(out, { recursive: true });
const made: string[] = [];
for (const target of named ?? TARGETS) {
  try {
    const files = await make(target);
    for (const file of files) say(`made ${join(out, file)}`);
    made.push(...files);
  } catch (error) {
    // A target that was named must be made.
    if (!(error instanceof NoNodeError) || named !== undefined) endWith(1, error);
    say(`left out ${target}, whose Node cannot be had: ${error.message}`);
  }
}
copyFileSync(join(ROOT, "scripts/tarball/install.sh"), join(out, "install.sh"));
writeFileSync(join(out, "SHA256SUMS"), made.map((file) => sumLine(out, file)).join(""));

/** @returns the names of the files */
function make(target: Target): Promise<string[]> {
  return inTemporary(async (dir) => {
    const name = archiveName(target);
    await makeTree(target, join(dir, name), mirror, date);
    const file = `${name}.tar.gz`;
    await pack(dir, name, join(out, file), date);
    return [file, ...compressed(file, target)];
  });
}

/** Writes the same archive as `.tar.xz`, a third smaller, where the system has xz. */
function compressed(file: string, target: Target): string[] {
  const input = gunzipSync(readFileSync(join(out, file)));
  // The filter for programs makes an archive of x64 3 % smaller; that of arm64 needs xz 5.4 to
  // unpack.
  const filters = target.endsWith("x64") ? ["--x86", "--lzma2=preset=6"] : ["-6"];
  // A fixed number of threads gives the same bytes on each machine, whatever its cores are.
  const { stdout, error, status } = spawnSync("xz", ["-c", "-T4", ...filters], {
    input,
    maxBuffer: input.length,
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (error !== undefined || status !== 0) {
    say(`left out the .tar.xz of ${target}: xz cannot be run`);
    return [];
  }
  const small = file.replace(/gz$/, "xz");
  writeFileSync(join(out, small), stdout);
  return [small];
}
