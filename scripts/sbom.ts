/**
 * `npm run sbom [FILE]`: the packages that a release contains, as a CycloneDX list (SBOM). Default:
 * stdout.
 *
 * npm lists all packages of the lockfile. What ships are the packages in the bundles, which the
 * build names in `dist/THIRD_PARTY_NOTICES.txt`, and what an install of liveops installs.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Component {
  "bom-ref": string;
  type?: string;
  name: string;
  version: string;
  purl?: string;
  properties?: Array<{ name: string; value: string }>;
}

/** The parts of a CycloneDX document that this module reads. */
export interface Sbom {
  serialNumber?: string;
  metadata: { timestamp?: string; component: Component };
  components: Component[];
  dependencies: Array<{ ref: string; dependsOn: string[] }>;
}

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/**
 * npm marks the packages that only a developer installs; those in a bundle are no such packages for
 * a user.
 */
const DEVELOPMENT = "cdx:npm:package:development";

/** How a package is in the release. */
const SHIPPED = "liveops:shipped";

/** `name@version` of the packages in the bundles. */
export function bundledIn(notices: string): Set<string> {
  const titles = [...notices.matchAll(/^(\S+) (\S+)\nLicence: /gm)];
  return new Set(titles.map(([, name, version]) => `${name}@${version}`));
}

/** `name@version` of the packages that an install of liveops installs, on any system. */
export function installedWith({ metadata, dependencies }: Sbom, manifest: Manifest): Set<string> {
  const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  const own = edges.get(metadata.component["bom-ref"]) ?? [];
  const queue = own.filter((ref) => names.includes(ref.slice(0, ref.lastIndexOf("@"))));
  const found = new Set<string>();
  for (let ref = queue.pop(); ref !== undefined; ref = queue.pop()) {
    if (found.has(ref)) continue;
    found.add(ref);
    queue.push(...(edges.get(ref) ?? []));
  }
  return found;
}

/**
 * The list of what ships.
 *
 * @param all of npm: every package of the lockfile
 * @throws Error where a package of the bundles is not in the lockfile
 */
export function sbomOf<S extends Sbom>(all: S, notices: string, manifest: Manifest): S {
  const bundled = bundledIn(notices);
  const installed = installedWith(all, manifest);
  const known = new Set(all.components.map(keyOf));
  const unknown = [...bundled].find((key) => !known.has(key));
  if (unknown !== undefined)
    throw new Error(`${unknown} of the bundles is not in package-lock.json`);
  const components = all.components
    .filter((component) => bundled.has(keyOf(component)) || installed.has(component["bom-ref"]))
    .map((component) => ({
      ...component,
      properties: [
        ...(component.properties ?? []).filter(({ name }) => name !== DEVELOPMENT),
        ...(bundled.has(keyOf(component)) ? [{ name: SHIPPED, value: "in a bundle" }] : []),
        ...(installed.has(component["bom-ref"])
          ? [{ name: SHIPPED, value: "installed beside" }]
          : []),
      ],
    }));
  const root = all.metadata.component["bom-ref"];
  const kept = new Set([root, ...components.map((component) => component["bom-ref"])]);
  const dependencies = all.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
  const reached = new Set(dependencies.flatMap(({ dependsOn }) => dependsOn));
  // The package that needs them is not in the output of the bundler.
  const loose = [...kept].filter((ref) => ref !== root && !reached.has(ref));
  dependencies.find(({ ref }) => ref === root)?.dependsOn.push(...loose);
  const component = { ...all.metadata.component, name: manifest.name };
  return { ...all, metadata: { ...all.metadata, component }, components, dependencies };
}

/** npm adds the place in the tree to the reference of a package that is there twice. */
function keyOf({ name, version }: Component): string {
  return `${name}@${version}`;
}

/** The document of this checkout, after a build. */
export function sbomText(root: string): string {
  return textOf(sbomOf(...sourcesIn(root)));
}

/**
 * The document of an archive with a Node of its own: without the packages of other systems, and
 * with `pg`. An archive that is made again has the same document, so that it has no random serial
 * number.
 *
 * @param packages names of the packages in the archive, beside the bundles
 */
export function standaloneSbomText(
  root: string,
  packages: string[],
  node: string,
  date: Date,
): string {
  const [all, notices, manifest] = sourcesIn(root);
  const dependencies = { ...manifest.dependencies, ...manifest.peerDependencies };
  const { serialNumber: _, ...sbom } = sbomOf(all, notices, { ...manifest, dependencies });
  const isInArchive = ({ name, properties = [] }: Component) =>
    packages.includes(name) || properties.some(({ value }) => value === "in a bundle");
  const ref = `node@${node}`;
  const components = [
    ...sbom.components.filter(isInArchive),
    {
      "bom-ref": ref,
      type: "platform",
      name: "node",
      version: node,
      purl: `pkg:generic/node@${node}`,
    },
  ];
  const top = sbom.metadata.component["bom-ref"];
  const refs = [top, ...components.map((component) => component["bom-ref"])];
  sbom.dependencies.push({ ref, dependsOn: [] });
  sbom.dependencies.find((each) => each.ref === top)?.dependsOn.push(ref);
  return textOf({
    ...sbom,
    metadata: { ...sbom.metadata, timestamp: date.toISOString() },
    components,
    dependencies: sbom.dependencies
      .filter((each) => refs.includes(each.ref))
      .map((each) => ({
        ref: each.ref,
        dependsOn: each.dependsOn.filter((name) => refs.includes(name)),
      })),
  });
}

function sourcesIn(root: string): [Sbom, string, Manifest] {
  const words = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
  const all = execFileSync("npm", words, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");
  return [JSON.parse(all), read("dist/THIRD_PARTY_NOTICES.txt"), JSON.parse(read("package.json"))];
}

function textOf(sbom: Sbom): string {
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

const [, program, file] = process.argv;
if (program === fileURLToPath(import.meta.url)) {
  const text = sbomText(fileURLToPath(new URL("..", import.meta.url)));
  if (file === undefined) process.stdout.write(text);
  else writeFileSync(file, text);
}
