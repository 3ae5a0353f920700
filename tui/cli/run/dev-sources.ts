/** The files that `liveops dev` watches beside those that the operation itself imports. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type LoadedFile, loadedFile } from "../../../ops/runner/type-files.js";

/** Most files of scripts. */
const MOST = 1000;

/** The files, and the scripts that the pipelines among them name. */
export function withScripts(files: readonly LoadedFile[], cwd: string): LoadedFile[] {
  const scripts = files.flatMap(({ file }) => (/\.ya?ml$/i.test(file) ? scriptsOf(file, cwd) : []));
  const known = new Set(files.map(({ file }) => file));
  return [...files, ...new Set(scripts)].flatMap((each) =>
    typeof each !== "string" ? [each] : known.has(each) ? [] : [loadedFile(each)],
  );
}

/**
 * The files that a pipeline names by a relative path, from its own directory or the working directory. Of a directory
 * below that of the pipeline, all files count: scripts call each other. Not the directory of the pipeline itself, which
 * often takes the output too.
 */
export function scriptsOf(pipeline: string, cwd: string): string[] {
  const home = dirname(pipeline);
  const files = new Set<string>();
  const dirs = new Set<string>();
  const words = textOf(pipeline).match(/(?<![\w./$~-])[\w.@+-]+(?:\/[\w.@+-]+)*/g) ?? [];
  for (const word of new Set(words)) {
    if (!/[./]/.test(word)) continue;
    for (const base of new Set([home, cwd])) {
      const path = resolve(base, word);
      if (path === pipeline || !isFile(path)) continue;
      files.add(path);
      if (dirname(path).startsWith(`${home}/`)) dirs.add(dirname(path));
    }
  }
  for (const dir of dirs)
    for (const name of readdirSync(dir))
      if (!name.startsWith(".") && isFile(join(dir, name))) files.add(join(dir, name));
  return [...files].slice(0, MOST);
}

/** The files that the options of the command name: `--params @FILE`, `--env-file FILE`. */
export function filesOfOptions(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const [name, given] = /^(--params|--env-file)(?:=(.*))?$/s.exec(word)?.slice(1) ?? [];
    const value = given ?? words[index + 1] ?? "";
    if (name === "--params") return value.startsWith("@") ? [resolve(value.slice(1))] : [];
    return name === undefined || value === "" ? [] : [resolve(value)];
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}
