/** The licences of the packages inside the bundles, as `dist/THIRD_PARTY_NOTICES.txt`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const RULE = "-".repeat(80);

/**
 * Packages of which the outputs hold code.
 *
 * @param metafiles of esbuild
 * @param root what the paths of the metafiles are relative to
 * @returns their directories, sorted by name and version
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

/** The text of the file: the same for the same packages. */
export function notices(packages) {
  const seen = new Set();
  const parts = ["liveops contains code of the packages below, under their own licences.\n"];
  for (const { dir, name, version, license, author } of packages) {
    const title = `${name} ${version}`;
    if (seen.has(title)) continue;
    seen.add(title);
    const texts = licenceTexts(dir);
    const body =
      texts.length > 0 ? texts.join("\n\n") : `Copyright ${author}. The package brings no licence text.`;
    parts.push(`${RULE}\n${title}\nLicence: ${license}\n\n${body}\n`);
  }
  return parts.join("\n");
}

/** The package's directory, or null for a file of ours. */
function packageOf(path) {
  const at = path.lastIndexOf("/node_modules/");
  if (at === -1) return null;
  for (let dir = dirname(path); dir.length > at + "/node_modules".length; dir = dirname(dir)) {
    if (readManifest(dir)?.version) return dir;
  }
  return null;
}

/** Null where there is none; a package's inner folders may have one without a version. */
function readManifest(dir) {
  const file = join(dir, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
}

function licenceTexts(dir) {
  return readdirSync(dir)
    .filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name) && !/\.(?:js|ts|json)$/.test(name))
    .sort()
    .map((name) => readFileSync(join(dir, name), "utf8").replaceAll("\r\n", "\n").trim());
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
