/**
 * Emits the declarations of the public modules, and removes those that no public module needs.
 *
 * Usage: declarations.mjs DIR
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [outDir] = process.argv.slice(2);
const project = join(root, "scripts/tsconfig.types.json");
const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", project, "--outDir", outDir], { stdio: "inherit" });

const needed = new Set(
  JSON.parse(readFileSync(project, "utf8")).files.map((file) =>
    join(outDir, file.replace(/^\.\.\//, "").replace(/\.ts$/, ".d.ts")),
  ),
);
for (const file of needed)
  for (const [, name] of readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g))
    needed.add(join(dirname(file), name.replace(/\.js$/, ".d.ts")));
for (const name of readdirSync(outDir, { recursive: true }))
  if (name.endsWith(".d.ts") && !needed.has(join(outDir, name))) rmSync(join(outDir, name));

// Half of this file is indentation, and nobody reads its inferred types.
const routes = join(outDir, "protocol/routes.d.ts");
writeFileSync(routes, readFileSync(routes, "utf8").replace(/^ +/gm, ""));
