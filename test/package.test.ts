/**
 * `dependencies` and `optionalDependencies` of package.json are only what the built files, or their
 * types, need at run time.
 */
import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Ink loads it where DEV is set, which the build sets to false. */
const NEVER_LOADED = ["react-devtools-core"];

/** `tsx` of `tsx/esm/api`. */
function packageName(specifier: string): string {
  const [scope, name] = specifier.split("/");
  return specifier.startsWith("@") ? `${scope}/${name}` : scope!;
}

/** Packages that the files of dist/ import or require. */
async function importedByDist(): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: globSync("dist/**/*.{js,cjs}", { cwd: root }),
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    packages: "external",
    external: ["./*"],
    outdir: "nowhere",
    platform: "node",
    logLevel: "silent",
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return imports.filter(({ external }) => external).map(({ path }) => path);
}

/** Packages that the declarations name. */
function importedByTypes(): string[] {
  return globSync("dist/types/**/*.d.ts", { cwd: root }).flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(
      ([, name]) => name!,
    ),
  );
}

test("an install runs no script, so that npm reports none", () => {
  const ofInstall = ["preinstall", "install", "postinstall", "prepare"];
  expect(Object.keys(manifest.scripts).filter((name) => ofInstall.includes(name))).toEqual([]);
});

test("dependencies are what an install needs", async () => {
  const needed = [...(await importedByDist()), ...importedByTypes()]
    .filter((name) => /^[@\w]/.test(name) && !isBuiltin(name))
    .map(packageName)
    .filter((name) => !NEVER_LOADED.includes(name));
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const declared = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  expect(Object.keys(declared).sort()).toEqual([...new Set(needed)].sort());
});
