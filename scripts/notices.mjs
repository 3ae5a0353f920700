/** Makes `dist/THIRD_PARTY_NOTICES.txt`: the licences of the packages in the bundles. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const RULE = "-".repeat(80);

/**
 * The packages whose code is in the outputs.
 *
 * @param metafiles of esbuild
 * @param root base directory of the paths in the metafiles
 * @returns the packages with their directories, sorted by name and version
 */
export function bundledPackages(metafiles, root) {
  const found = new Map();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        if (bytesInOutput === 0) continue;
        const dir = packageOf(join(root, path.replace(/^[\w-]+:/, "")));
        if (dir && !found.has(dir)) found.set(dir, readManifest(dir));
      }
    }
  }
  return [...found]
    .map(([dir, { name, version, license = "not stated", author }]) => ({
      dir,
      name,
      version,
      license,
      author: (typeof author === "string" ? author : author?.name) ?? "its authors",
    }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

/** The text of the file; deterministic for a list of packages. */
export function notices(packages) {
  const seen = new Set();
  const parts = ["liveops contains code of the packages below, under their own licences.\n"];
  for (const { dir, name, version, license, author } of packages) {
    const title = `${name} ${version}`;
    if (seen.has(title)) continue;
    seen.add(title);
    const texts = licenceTexts(dir);
    const body =
      texts.length > 0
        ? texts.join("\n\n")
        : `Copyright ${author}. The package brings no licence text.`;
    parts.push(`${RULE}\n${title}\nLicence: ${license}\n\n${body}\n`);
  }
  return parts.join("\n");
}

/** The directory of the file's package, or null for our own files. */
function packageOf(path) {
  const at = path.lastIndexOf("/node_modules/");
  if (at === -1) return null;
  for (let dir = dirname(path); dir.length > at + "/node_modules".length; dir = dirname(dir)) {
    if (readManifest(dir)?.version) return dir;
  }
  return null;
}

/**
 * Null where there is no manifest. A folder inside a package can have a manifest without a version.
 */
function readManifest(dir) {
  const file = join(dir, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
}

function licenceTexts(dir) {
  return readdirSync(dir)
    .filter(
      (name) => /^(?:licen[cs]e|copying|notice)/i.test(name) && !/\.(?:js|ts|json)$/.test(name),
    )
    .sort()
    .map((name) => readFileSync(join(dir, name), "utf8").replaceAll("\r\n", "\n").trim());
}

function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
