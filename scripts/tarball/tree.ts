/**
 * The files of an archive: `bin/`, `app/` (the package), `node/`, `share/`, `install.sh`, SBOM and
 * checksums.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { create, extract } from "tar";
import { standaloneSbomText } from "../sbom.js";
import {
  inTemporary,
  manifest,
  NODE_VERSION,
  putNode,
  putPackage,
  ROOT,
  runtimePackages,
  type Target,
} from "./packages.js";

const BINS = ["liveops", "liveopsd", "liveops-tui"];

/** Completion scripts: the shell, its directory below share/, and the file of a program. */
const COMPLETION = [
  ["bash", "bash-completion/completions", (bin: string) => bin],
  ["zsh", "zsh/site-functions", (bin: string) => `_${bin}`],
  ["fish", "fish/vendor_completions.d", (bin: string) => `${bin}.fish`],
] as const;

/** @param dir does not exist yet */
export async function makeTree(
  target: Target,
  dir: string,
  mirror: string,
  date: Date,
): Promise<void> {
  await putNode(target, join(dir, "node"), mirror);
  await inTemporary(async (temporary) => {
    const words = ["pack", "--ignore-scripts", "--silent", "--pack-destination", temporary];
    const file = execFileSync("npm", words, { cwd: ROOT, encoding: "utf8" }).trim();
    mkdirSync(join(dir, "app"));
    await extract({ file: join(temporary, file), cwd: join(dir, "app"), strip: 1 });
  });
  const packages = runtimePackages(target);
  for (const name of packages) await putPackage(name, join(dir, "app/node_modules"));
  putScripts(dir);
  putShare(dir);
  writeFileSync(join(dir, "sbom.cdx.json"), standaloneSbomText(ROOT, packages, NODE_VERSION, date));
  writeSums(dir);
}

/** Writes `SHA256SUMS`, which install.sh checks. */
export function writeSums(dir: string): void {
  const paths = filesIn(dir).filter((path) => path !== "SHA256SUMS");
  writeFileSync(join(dir, "SHA256SUMS"), paths.map((path) => sumLine(dir, path)).join(""));
}

function putScripts(dir: string): void {
  const source = (name: string) => readFileSync(join(ROOT, "scripts/tarball", name), "utf8");
  mkdirSync(join(dir, "bin"));
  for (const bin of BINS)
    writeFileSync(join(dir, "bin", bin), source("launcher.sh").replaceAll("@NAME@", bin));
  writeFileSync(join(dir, "install.sh"), source("install.sh"));
  for (const name of [...BINS.map((bin) => `bin/${bin}`), "install.sh"])
    chmodSync(join(dir, name), 0o755);
}

function putShare(dir: string): void {
  mkdirSync(join(dir, "share/man"), { recursive: true });
  renameSync(join(dir, "app/dist/man"), join(dir, "share/man/man1"));
  for (const [shell, place, nameOf] of COMPLETION) {
    const words = [join(ROOT, "dist/bin/liveops.cjs"), "completion", shell];
    mkdirSync(join(dir, "share", place), { recursive: true });
    writeFileSync(
      join(dir, "share", place, nameOf("liveops")),
      execFileSync(process.execPath, words),
    );
    // zsh reads from the file of which programs it is.
    const others = shell === "zsh" ? [] : BINS.filter((bin) => bin !== "liveops");
    for (const bin of others)
      symlinkSync(nameOf("liveops"), join(dir, "share", place, nameOf(bin)));
  }
}

/** A line as `sha256sum` prints it. */
export function sumLine(dir: string, path: string): string {
  return `${createHash("sha256")
    .update(readFileSync(join(dir, path)))
    .digest("hex")}  ${path}\n`;
}

/** Paths of all files, sorted, without links and directories. */
function filesIn(dir: string): string[] {
  return pathsIn(dir).filter((path) => lstatSync(join(dir, path)).isFile());
}

/** All paths in a directory, in an order that no system and no language changes. */
function pathsIn(dir: string): string[] {
  return (readdirSync(dir, { recursive: true }) as string[]).sort();
}

/**
 * Writes `NAME/…` of a directory. The same files give the same bytes: sorted, owner 0, one date.
 */
export async function pack(parent: string, name: string, file: string, date: Date): Promise<void> {
  const paths = pathsIn(join(parent, name)).map((path) => `${name}/${path}`);
  await create({ cwd: parent, file, gzip: true, portable: true, mtime: date, noDirRecurse: true }, [
    name,
    ...paths,
  ]);
}

export const archiveName = (target: Target) => `liveops-${manifest.version}-${target}`;
