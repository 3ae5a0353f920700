/** Packages of liveops as `npm install --global` puts them below a prefix, of any version. */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Packs this checkout; returns the tarball. @param dir must exist */
export function packed(dir: string, env: NodeJS.ProcessEnv): string {
  const words = ["pack", "--pack-destination", dir, "--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", words, { cwd: ROOT, env, stdio: "ignore" });
  return join(dir, readdirSync(dir).find((name) => name.endsWith(".tgz"))!);
}

/**
 * Puts the packed version in the place of the present one, or makes it another version. Returns the
 * bin of a name.
 */
export function install(
  tarball: string,
  prefix: string,
  version?: string,
): (bin: string) => string {
  const modules = join(prefix, "lib/node_modules");
  const dir = join(modules, "liveops");
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  mkdirSync(join(prefix, "bin"), { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", dir, "--strip-components=1"]);
  if (version !== undefined) setVersion(dir, version);
  // As npm does, each package that liveops depends on stands beside it.
  for (const name of ["zod", "tsx", "esbuild", "@esbuild", "@lydell"])
    link(join(ROOT, "node_modules", name), join(modules, name));
  for (const bin of ["liveops", "liveopsd", "liveops-tui"])
    link(join("../lib/node_modules/liveops/dist/bin", `${bin}.cjs`), join(prefix, "bin", bin));
  return (bin) => join(prefix, "bin", bin);
}

function link(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** The bundles have the version of their manifest. */
export function setVersion(dir: string, version: string): void {
  const manifest = join(dir, "package.json");
  const { version: present } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const bundles = readdirSync(join(dir, "dist"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.c?js$/.test(name))
    .map((name) => join(dir, "dist", name));
  for (const file of [manifest, ...bundles]) {
    if (!statSync(file).isFile()) continue;
    const text = readFileSync(file, "utf8");
    if (text.includes(`"${present}"`))
      writeFileSync(file, text.replaceAll(`"${present}"`, `"${version}"`));
  }
}
