/**
 * The packages of an archive: Node, and what liveops needs at run time, in the versions of
 * package-lock.json.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { extract } from "tar";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const TARGETS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] as const;

/** System and processor, in Node's words. */
export type Target = (typeof TARGETS)[number];

interface Locked {
  version: string;
  integrity?: string;
  os?: string[];
  cpu?: string[];
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

interface Manifest {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

const json = <T>(file: string) => JSON.parse(readFileSync(file, "utf8")) as T;
const lock = json<{ packages: Record<string, Locked> }>(join(ROOT, "package-lock.json"));
export const manifest = json<Manifest>(join(ROOT, "package.json"));
export const NODE_VERSION = lockedAs("node").version;

function lockedAs(name: string): Locked {
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`${name} is not in package-lock.json`);
  return locked;
}

/** Names of the packages that liveops needs on this target. */
export function runtimePackages(target: Target): string[] {
  const [os = "", cpu = ""] = target.split("-");
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const names = new Set(
    Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
  );
  for (const name of names) {
    const needed = lockedAs(name);
    for (const each of Object.keys({ ...needed.dependencies, ...needed.optionalDependencies })) {
      const { os: systems = [os], cpu: processors = [cpu] } = lockedAs(each);
      if (systems.includes(os) && processors.includes(cpu)) names.add(each);
    }
  }
  return [...names].sort();
}

/** Copies a package of node_modules; one for another system comes from the registry. */
export async function putPackage(name: string, modules: string): Promise<void> {
  const { version, integrity } = lockedAs(name);
  const from = join(ROOT, "node_modules", name);
  const to = join(modules, name);
  if (isInstalled(from, version)) cpSync(from, to, { recursive: true });
  else await fromRegistry(name, version, to, integrity);
  // A copy of the program of the system, for a shell.
  if (name === "esbuild") rmSync(join(to, "bin"), { recursive: true });
}

/** @param integrity of the lockfile; without it, npm checks the tarball against the registry */
async function fromRegistry(
  name: string,
  version: string,
  to: string,
  integrity?: string,
): Promise<void> {
  await inTemporary(async (dir) => {
    const words = ["pack", `${name}@${version}`, "--pack-destination", dir, "--silent"];
    const file = join(dir, execFileSync("npm", words, { cwd: dir, encoding: "utf8" }).trim());
    const sha512 = createHash("sha512").update(readFileSync(file)).digest("base64");
    if (integrity !== undefined && integrity !== `sha512-${sha512}`)
      throw new Error(`the tarball of ${name}@${version} is not the one of package-lock.json`);
    mkdirSync(to, { recursive: true });
    await extract({ file, cwd: to, strip: 1 });
  });
}

/** The archive cannot be had from here; other targets may be made. */
export class NoNodeError extends Error {}

/**
 * Puts `bin/node` and its licence into a directory: the Node of the checkout, the archive of
 * nodejs.org, or the package that the checkout would have on that system.
 *
 * @param mirror URL with the layout of https://nodejs.org/dist
 */
export async function putNode(target: Target, to: string, mirror: string): Promise<void> {
  // The package `node` installs one of these.
  const name = target === "darwin-arm64" ? `node-bin-${target}` : `node-${target}`;
  const installed = join(ROOT, "node_modules/node/node_modules", name);
  await inTemporary(async (dir) => {
    const from = isInstalled(installed, NODE_VERSION) ? installed : dir;
    if (from === dir)
      await fromMirror(target, dir, mirror).catch(async (unreachable: Error) => {
        if (!(unreachable instanceof NoNodeError)) throw unreachable;
        await fromRegistry(name, NODE_VERSION, dir).catch(() => {
          throw new NoNodeError(`${unreachable.message}; npm has no ${name}@${NODE_VERSION}`);
        });
      });
    for (const file of ["bin/node", "LICENSE"]) cpSync(join(from, file), join(to, file));
  });
}

/** @throws NoNodeError where the mirror has no such archive, or does not answer */
export async function fromMirror(target: Target, to: string, mirror: string): Promise<void> {
  const url = `${mirror}/v${NODE_VERSION}/node-v${NODE_VERSION}-${target}.tar.gz`;
  const archive = await download(url);
  const sums = (await download(new URL("SHASUMS256.txt", url).href)).toString();
  const sum = createHash("sha256").update(archive).digest("hex");
  if (!sums.split("\n").includes(`${sum}  ${basename(url)}`))
    throw new Error(`${url} does not match SHASUMS256.txt`);
  const file = join(to, basename(url));
  writeFileSync(file, archive);
  await extract({
    file,
    cwd: to,
    strip: 1,
    filter: (path) => /^[^/]+\/(bin\/node|LICENSE)$/.test(path),
  });
}

async function download(url: string): Promise<Buffer> {
  const reply = await fetch(url).catch((error: Error) => {
    throw new NoNodeError(
      `${url}: ${(error.cause as Error | undefined)?.message ?? error.message}`,
    );
  });
  if (!reply.ok) throw new NoNodeError(`${url}: ${reply.status}`);
  return Buffer.from(await reply.arrayBuffer());
}

function isInstalled(dir: string, version: string): boolean {
  const file = join(dir, "package.json");
  return existsSync(file) && json<Manifest>(file).version === version;
}

export async function inTemporary<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-tarball-"));
  try {
    return await use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
