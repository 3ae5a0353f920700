/**
 * Proof by deletion: without a feature, its folders and its lines in the doors, the rest of the program still compiles.
 * `house.json` names the features of which that is not true yet.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { featureOf, house, sources } from "../harness/house.js";
import { useDirectories } from "../harness/temporary.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const directory = useDirectories();
const { features, doors } = house();
const FILES = sources();

/** The door without the lines of the features: their imports, and the lines that use what they bring. */
function withoutLinesOf(gone: readonly string[], text: string): string {
  const isOfFeature = (line: string) => gone.some((feature) => line.includes(`/features/${feature}/`));
  const lines = text.split("\n");
  const brought = lines
    .filter(isOfFeature)
    .flatMap((line) => /^import (?:type )?\{ (.*) \} from/.exec(line)?.[1]?.split(", ") ?? []);
  const uses = (line: string) => brought.some((name) => new RegExp(`\\b${name}\\b`).test(line));
  return lines.filter((line) => !isOfFeature(line) && !uses(line)).join("\n");
}

function problemsWithout(...gone: string[]): string {
  const dir = directory();
  for (const file of FILES.filter((each) => !gone.includes(featureOf(each) ?? ""))) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    if (!Object.hasOwn(doors, file)) cpSync(join(root, file), join(dir, file));
    else writeFileSync(join(dir, file), withoutLinesOf(gone, readFileSync(join(root, file), "utf8")));
  }
  for (const name of ["package.json", "node_modules"]) symlinkSync(join(root, name), join(dir, name));
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  writeFileSync(
    join(dir, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["daemon", "tui", "protocol", "ops"] }),
  );
  try {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    execFileSync(process.execPath, [compiler, "--noEmit", "--pretty", "false", "-p", dir], { cwd: dir });
    return "";
  } catch (error) {
    const printed = String((error as { stdout?: unknown }).stdout ?? "");
    return printed === "" ? String(error) : printed;
  }
}

test.each(Object.keys(features))("without %s", (feature) => {
  const problems = problemsWithout(feature);
  if (features[feature]!.isNeeded) expect(problems).toMatch(/error TS\d+/);
  else expect(problems).toBe("");
});

test("without all that the rest compiles without, at once", () => {
  const gone = Object.entries(features).flatMap(([name, { isNeeded }]) => (isNeeded ? [] : name));
  expect(problemsWithout(...gone)).toBe("");
});
