/**
 * The SBOM of a release: the CycloneDX of npm, with exactly the packages of the notices and those
 * of an install.
 */
// @module-tag npm-sbom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { bundledIn, type Sbom, sbomOf, sbomText } from "../../scripts/sbom.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

let sbom: Sbom & { specVersion: string };
beforeAll(() => {
  sbom = JSON.parse(sbomText(root));
});

test("is what npm writes, with less: each package has its keys, and each reference leads to one", () => {
  expect(sbom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.5" });
  const refs = sbom.components.map((component) => component["bom-ref"]);
  expect(new Set(refs).size).toBe(refs.length);
  for (const { type, name, version, purl } of sbom.components) {
    expect(type).toBe("library");
    expect(decodeURIComponent(purl ?? "")).toContain(`pkg:npm/${name}@${version}`);
  }
  const known = [sbom.metadata.component["bom-ref"], ...refs];
  expect(sbom.dependencies.map(({ ref }) => ref).sort()).toEqual(known.sort());
  for (const { dependsOn } of sbom.dependencies)
    expect(known).toEqual(expect.arrayContaining(dependsOn));
});

test("lists exactly the packages of the notices, and those that an install installs", () => {
  const notices = bundledIn(readFileSync(join(root, "dist/THIRD_PARTY_NOTICES.txt"), "utf8"));
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<
      string,
      { version: string; dependencies?: object; optionalDependencies?: object }
    >;
  };
  // Found without the script: what these packages need, at the top of node_modules.
  const installed = new Set<string>();
  const visit = (name: string) => {
    const found = lock.packages[`node_modules/${name}`];
    const key = `${name}@${found?.version}`;
    if (installed.has(key) || found === undefined) return;
    installed.add(key);
    for (const each of Object.keys({ ...found.dependencies, ...found.optionalDependencies }))
      visit(each);
  };
  for (const name of ["tsx", "zod", "@lydell/node-pty"]) visit(name);
  expect(notices.size).toBeGreaterThan(50);
  expect([...installed].some((key) => key.startsWith("esbuild@"))).toBe(true);
  const listed = sbom.components.map(({ name, version }) => `${name}@${version}`);
  expect([...new Set(listed)].sort()).toEqual([...new Set([...notices, ...installed])].sort());
  expect(sbom.metadata.component.name).toBe("liveops");
});

test("each package says how it ships, none is a development package, and all are reached", () => {
  const reached = new Set(sbom.dependencies.flatMap(({ dependsOn }) => dependsOn));
  for (const { "bom-ref": ref, properties = [] } of sbom.components) {
    expect(properties.map(({ name }) => name)).toContain("liveops:shipped");
    expect(properties.map(({ name }) => name)).not.toContain("cdx:npm:package:development");
    expect(reached, ref).toContain(ref);
  }
});

test("a bundled package that the lockfile does not have is an error", () => {
  expect(() => sbomOf(sbom, "nowhere 1.0.0\nLicence: MIT\n", { name: "liveops" })).toThrow(
    "nowhere@1.0.0 of the bundles is not in package-lock.json",
  );
});
