/** Says why a file in an operations directory defines no operation type, and how to mend it. */
import { readFileSync } from "node:fs";
import { isYamlPath } from "../pipeline/file-name.js";
import { LiveOperation } from "../sdk/live-operation.js";
import { OF_TOOLS } from "./type-files.js";

const HELPER_FILE = "put the file of another tool into another directory, or begin its name with _";
const HELPER = "put a helper module into a subdirectory, or begin its name with _";

/**
 * The reason for a loaded file without an operation type; null if the file is not meant to define one.
 *
 * @param exports - of the loaded module
 */
export function whyNoType(file: string, exports: Record<string, unknown>): string | null {
  if (OF_TOOLS.test(file)) return null;
  if (isYamlPath(file)) return `it has no key stages, so it is not a pipeline; ${HELPER_FILE}`;
  const classes = Object.values(exports).filter(isClass);
  const [derived] = classes.filter((each) => each.prototype instanceof LiveOperation);
  if (derived) return `class ${nameOf(derived)} has no run method; write: async run(p) { … }`;
  const hidden = hiddenClass(file);
  if (hidden !== null) return `class ${hidden} is not exported; write: export class ${hidden}`;
  const [runs] = classes.filter((each) => typeof each.prototype?.run === "function");
  if (runs) {
    const name = nameOf(runs);
    return `class ${name} does not extend LiveOperation; write: class ${name} extends LiveOperation<typeof ${name}>`;
  }
  return `it exports no class that extends LiveOperation; ${HELPER}`;
}

/** The name of a class that extends LiveOperation in the text of a file. */
function hiddenClass(file: string): string | null {
  try {
    const text = readFileSync(file, "utf8");
    return /\bclass\s+([\p{L}_$][\p{L}\d_$]*)\s+extends\s+LiveOperation\b/u.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}

function isClass(value: unknown): value is { prototype: { run?: unknown }; name: string } {
  return typeof value === "function" && typeof value.prototype === "object" && value.prototype !== null;
}

function nameOf({ name }: { name: string }): string {
  return name || "(without a name)";
}
