/**
 * The sources of the program without some features: their folders are left out, and their lines in
 * the doors.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { featureOf, house, sources } from "./house.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The door without the lines of the features: their imports, and the lines that use what they
 * bring.
 */
function withoutLinesOf(gone: readonly string[], text: string): string {
  const isOfFeature = (line: string) =>
    gone.some((feature) => line.includes(`/features/${feature}/`));
  const lines = text.split("\n");
  const brought = lines
    .filter(isOfFeature)
    .flatMap((line) => /^import (?:type )?\{ (.*) \} from/.exec(line)?.[1]?.split(", ") ?? []);
  const uses = (line: string) => brought.some((name) => new RegExp(`\\b${name}\\b`).test(line));
  return lines.filter((line) => !isOfFeature(line) && !uses(line)).join("\n");
}

/** Copies the sources into the directory. */
export function copyWithout(gone: readonly string[], dir: string): void {
  const { doors } = house();
  for (const file of sources().filter((each) => !gone.includes(featureOf(each) ?? ""))) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    if (!Object.hasOwn(doors, file)) cpSync(join(root, file), join(dir, file));
    else
      writeFileSync(join(dir, file), withoutLinesOf(gone, readFileSync(join(root, file), "utf8")));
  }
  for (const name of ["package.json", "node_modules"])
    symlinkSync(join(root, name), join(dir, name));
}

/** Compiles the sources in the directory. Returns what is wrong with them; empty: nothing is. */
export function problemsIn(dir: string): string {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  writeFileSync(
    join(dir, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["daemon", "tui", "protocol", "ops"] }),
  );
  try {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    execFileSync(process.execPath, [compiler, "--noEmit", "--pretty", "false", "-p", dir], {
      cwd: dir,
    });
    return "";
  } catch (error) {
    const printed = String((error as { stdout?: unknown }).stdout ?? "");
    return printed === "" ? String(error) : printed;
  }
}

/** Bundles the sources in the directory, as the build of the program does. */
export function buildIn(dir: string): void {
  cpSync(join(root, "scripts"), join(dir, "scripts"), { recursive: true });
  execFileSync(process.execPath, ["scripts/build.mjs", "--bundles-only"], {
    cwd: dir,
    stdio: "inherit",
  });
}
