/** Runs every benchmark, one after the other, and says which missed its goal. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const missed: string[] = [];
for (const name of readdirSync(here).sort()) {
  if (!name.endsWith(".ts") || name === "all.ts") continue;
  console.log(`\n${name}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", `${here}${name}`], { stdio: "inherit" });
  if (status !== 0) missed.push(name);
}
console.log(missed.length === 0 ? "\nevery goal was met" : `\nmissed: ${missed.join(", ")}`);
process.exitCode = missed.length === 0 ? 0 : 1;
