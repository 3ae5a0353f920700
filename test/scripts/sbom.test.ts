/** The SBOM of a release: valid CycloneDX, with exactly the packages of the notices and those of an install. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { beforeAll, expect, test } from "vitest";
import { bundledIn, type Sbom, sbomOf, sbomText } from "../../scripts/sbom.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const schemas = join(root, "node_modules/@cyclonedx/cyclonedx-library/res/schema");
const schema = (name: string) =>
  createRequire(import.meta.url)(join(schemas, `${name}.SNAPSHOT.schema.json`));

let sbom: Sbom & { specVersion: string };
beforeAll(() => {
  sbom = JSON.parse(sbomText(root));
});

test("is valid CycloneDX", () => {
  // The formats of the schema (mail and web addresses) are not checked.
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const part of ["spdx", "jsf-0.82"]) {
    const $id = `http://cyclonedx.org/schema/${part}.SNAPSHOT.schema.json`;
    ajv.addSchema({ ...schema(part), $id });
  }
  const isValid = ajv.validate(schema(`bom-${sbom.specVersion}`), sbom);
  expect(ajv.errors).toBeNull();
  expect(isValid).toBe(true);
});

test("lists exactly the packages of the notices, and those that an install installs", () => {
  const notices = bundledIn(readFileSync(join(root, "dist/THIRD_PARTY_NOTICES.txt"), "utf8"));
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; dependencies?: object; optionalDependencies?: object }>;
  };
  // Found without the script: what these packages need, at the top of node_modules.
  const installed = new Set<string>();
  const visit = (name: string) => {
    const found = lock.packages[`node_modules/${name}`];
    const key = `${name}@${found?.version}`;
    if (installed.has(key) || found === undefined) return;
    installed.add(key);
    for (const each of Object.keys({ ...found.dependencies, ...found.optionalDependencies })) visit(each);
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
