/** Finds the names of the types that a file may define by its text, without running the file. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { kebabCase } from "../../protocol/type-names.js";
import { isYamlPath, statedName } from "../pipeline/file-name.js";

/** The names of types that the file may define; null: any, because the file exports from other files. */
export function typeNamesIn(file: string): ReadonlySet<string> | null {
  if (isYamlPath(file)) {
    const name = statedName(file);
    return new Set(name === null ? [] : [name]);
  }
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return new Set();
  }
  if (/\bexport\s*(?:\*|\{[^}]*\}\s*from)/.test(text)) return null;
  const classes = [...text.matchAll(/\bclass\s+([\p{L}_$][\p{L}\d_$]*)/gu)].map(([, name]) =>
    kebabCase(name!),
  );
  const stated = [...text.matchAll(/\bop\b[^"'`\n;]*["'`]([a-z0-9-]+)["'`]/g)].map(([, name]) => name!);
  return new Set([...classes, ...stated]);
}

/** Whether the file has the name of the type, or its text has. */
function namesType(file: string, op: string): boolean {
  return bearsName(file, op) || (typeNamesIn(file)?.has(op) ?? false);
}

/** Whether the file is called like the type: `import-users.ts` and `ImportUsers.ts` for `import-users`. */
export function bearsName(file: string, op: string): boolean {
  const [name = ""] = basename(file).split(".");
  return name === op || kebabCase(name) === op;
}

/** A file and a message about it. */
interface FileNote {
  file: string;
  message: string;
}

/** Why the file that should define the type does not define it; null if no file is known. */
export function whyTypeMissing(
  op: string,
  errors: readonly FileNote[],
  withoutType: readonly FileNote[],
  isPlace: (file: string) => boolean = () => false,
): string | null {
  const isMeant = ({ file }: FileNote) => isPlace(file) || namesType(file, op);
  const broken = errors.find(isMeant);
  if (broken) return `${broken.file} does not load: ${broken.message}`;
  const bare = withoutType.find(isMeant);
  return bare ? `${bare.file} has no operation type: ${bare.message}` : null;
}
