/**
 * The names of the types that a file stands for, by its text, without running the file.
 *
 * Such a name stays with its file when the file does not load. A type of the same name in a file
 * that comes later would be other code than the author's, so that type is not used either.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { nearest } from "../../protocol/text/nearest.js";
import { kebabCase, OP_PATTERN } from "../../protocol/type-names.js";
import { ANY_PIPELINE, isYamlPath, statedName } from "../pipeline/file-name.js";
import { listTypeFiles } from "./type-files.js";

/** Why the file that should define the type has no type; null if no file is known. */
export function whyTypeMissing(
  op: string,
  filesWithoutType: ReadonlyArray<{ file: string; message: string }>,
): string | null {
  const bare = filesWithoutType.find(({ file }) => claimedNames(file).has(op));
  return bare ? withoutType(bare.file, bare.message) : null;
}

export function notLoading(file: string, message: string): string {
  return `${file} does not load: ${message}`;
}

/** The error of an operation whose type does not load. */
export function retryOnceMended(reason: string, id: string): string {
  return `${reason}; mend the file, then run: liveops retry ${id}`;
}

export function withoutType(file: string, message: string): string {
  return `${file} has no operation type: ${message}`;
}

/**
 * Why a chain could not continue with the type, as far as the text of the files tells; null: it
 * could.
 */
export function whyNoNext(op: string, dirs: readonly string[]): string | null {
  const names = namesInDirs(dirs);
  if (names.has(op)) return null;
  const near = nearest(op, names);
  const hint =
    near.length === 0 ? "liveops ops lists the types" : `did you mean ${near.join(" or ")}?`;
  return `there is no operation type ${op}, so that the pipeline would fail at its end; ${hint}`;
}

/** The names of the types that directories define, by the text of their files. */
export function namesInDirs(dirs: readonly string[]): Set<string> {
  const files = dirs.flatMap((dir) => {
    try {
      return listTypeFiles(dir);
    } catch {
      return [];
    }
  });
  return new Set(files.flatMap((file) => [...claimedNames(file)]));
}

/** The names that a file stands for: its own, and those of the types that its text defines. */
export function claimedNames(file: string): Set<string> {
  const [stem = ""] = basename(file).split(".");
  const own = [stem, kebabCase(stem)].filter((name) => OP_PATTERN.test(name));
  const names = new Set([...own, ...definedNames(file)]);
  // Refused as a name of YAML, and every other file needs that type.
  if (isYamlPath(file)) names.delete(ANY_PIPELINE);
  return names;
}

/** Deepest chain of files that export from each other. */
const MOST_DEEP = 4;

/**
 * The names of the types that the text defines. A file that only mentions a type must not keep its
 * name.
 */
export function definedNames(file: string, depth = 0): Set<string> {
  if (isYamlPath(file)) {
    const name = statedName(file);
    return new Set(name === null ? [] : [name]);
  }
  const text = textOf(file);
  const names = new Set<string>();
  for (const [, name = ""] of text.matchAll(CLASS)) names.add(kebabCase(name));
  for (const [, name = ""] of text.matchAll(OP)) names.add(name);
  for (const [, list, from = ""] of text.matchAll(EXPORT_FROM)) {
    for (const each of list?.split(",") ?? [])
      names.add(kebabCase(each.replace(/^.*\sas\s/s, "").trim()));
    if (depth >= MOST_DEEP || !from.startsWith(".")) continue;
    const path = resolve(dirname(file), from);
    for (const each of [path, path.replace(/js$/, "ts"), `${path}.ts`])
      for (const name of definedNames(each, depth + 1)) names.add(name);
  }
  return new Set([...names].filter((name) => OP_PATTERN.test(name)));
}

const CLASS = /\bclass\s+([\p{L}_$][\p{L}\d_$]*)\s+extends\b/gu;
/** In TypeScript, and as compilers write it. */
const OP =
  /(?:\bstatic\s+(?:override\s+|readonly\s+)*op\b[^"'`\n;]*|\.op\s*=\s*|["']op["']\s*,\s*)["'`]([a-z0-9-]+)["'`]/g;
const EXPORT_FROM = /\bexport\s*(?:\*(?:\s*as\s+\w+)?|\{([^}]*)\})\s*from\s*["']([^"'\n]+)["']/g;

function textOf(file: string): string {
  try {
    return statSync(file).isFile() ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}
