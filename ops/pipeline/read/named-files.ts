/**
 * Reads the files that a pipeline names, for its stages and for the operations inside of it. Keeps
 * their texts.
 */
import { readdirSync } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { MAX_NESTED } from "../../../protocol/limits.js";
import { readRegularFile } from "../../../protocol/system/own-file.js";
import { nearest } from "../../../protocol/text/nearest.js";
import type { Pipeline, PipelineFile } from "../definition.js";
import { isYamlPath } from "../file-name.js";
import { MAX_BYTES, MAX_NAMED_BYTES } from "../limits.js";
import type { Problems } from "./problems.js";
import { readTree, type TreeNode } from "./yaml-tree.js";

/** The text of a file. @throws Error with the path, and why there is none */
export type ReadText = (path: string) => string;

export const fromDisk: ReadText = (path) => {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(path, MAX_BYTES);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw new Error(`${path} cannot be read: ${message}`);
    const near = nearest(basename(path), yamlBeside(path));
    const hint = near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
    throw new Error(`there is no file ${path}${hint}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`${path} is not text in UTF-8`);
  }
};

function yamlBeside(path: string): string[] {
  try {
    return readdirSync(dirname(path)).filter(isYamlPath);
  } catch {
    return [];
  }
}

/** @param files - the texts that were kept with an operation, by path */
export function fromKept(files: Readonly<Record<string, string>>): ReadText {
  return (path) => {
    if (Object.hasOwn(files, path)) return files[path]!;
    throw new Error(
      `the text of ${path} is not kept with the pipeline; submit the file: liveops submit FILE`,
    );
  };
}

/** A value that names a file. */
interface Naming {
  problems: Problems;
  key: string;
  text(): string | null;
  problem(message: string): void;
}

/** What the files of one check share. */
interface Shared {
  read: ReadText;
  parse(text: string, problems: Problems, files: NamedFiles): Pipeline | null;
  /** By path; a null `file` has problems. */
  parsed: Map<string, { file: PipelineFile | null; depth: number }>;
}

/** The files that one pipeline names. */
export class NamedFiles {
  /** By absolute path, with those that these files name. */
  readonly texts: Record<string, string> = {};
  #bytes = 0;
  readonly #included = new Set<string>();
  /** Files below this one that name each other. */
  #depth = 0;

  constructor(private readonly shared: Shared) {}

  /** The tree of a file whose stages stand in the place of the field; null: problems were added. */
  included(field: Naming): { node: TreeNode; problems: Problems } | null {
    const opened = this.#open(field);
    if (opened === null) return null;
    const { path, text } = opened;
    if (this.#included.has(path)) {
      field.problem(
        `${field.key}: ${path} is included twice, so its stages would have the same names`,
      );
      return null;
    }
    this.#included.add(path);
    const problems = field.problems.of(path);
    const node = readTree(text, problems);
    return node && { node, problems };
  }

  /** The pipeline of a file that runs as an operation of its own; null: problems were added. */
  pipeline(field: Naming): PipelineFile | null {
    const opened = this.#open(field);
    if (opened === null) return null;
    const { path, text } = opened;
    const known = this.shared.parsed.get(path) ?? this.#parse(path, text, field.problems.of(path));
    const chain = chainOf(field.problems);
    if (chain.length - 1 + known.depth > MAX_NESTED) return refuseDepth(field, [...chain, path]);
    this.#depth = Math.max(this.#depth, known.depth);
    if (known.file !== null) this.#keep(field, known.file.files);
    return known.file;
  }

  #parse(path: string, text: string, problems: Problems) {
    const files = new NamedFiles(this.shared);
    const pipeline = this.shared.parse(text, problems, files);
    const file = pipeline && { pipeline, text, path, files: files.texts };
    const known = { file, depth: files.#depth + 1 };
    this.shared.parsed.set(path, known);
    return known;
  }

  #open(field: Naming): { path: string; text: string } | null {
    const { problems, key } = field;
    const name = field.text();
    if (name === null) return null;
    if (problems.path === null && !isAbsolute(name)) {
      field.problem(
        `${key}: ${name} is relative to the file, and this text came from stdin; write its path`,
      );
      return null;
    }
    const path = resolve(dirname(problems.path ?? "/"), name);
    const chain = chainOf(problems);
    if (chain.includes(path)) {
      const circle = [...chain.slice(chain.indexOf(path)), path];
      field.problem(`${key}: the file contains itself: ${circle.join(" → ")}`);
      return null;
    }
    if (chain.length > MAX_NESTED) return refuseDepth(field, [...chain, path]);
    try {
      const text = this.shared.read(path);
      this.#keep(field, { [path]: text });
      return { path, text };
    } catch (error) {
      field.problem(`${key}: ${(error as Error).message}`);
      return null;
    }
  }

  #keep(field: Naming, texts: Readonly<Record<string, string>>): void {
    const before = this.#bytes;
    for (const [path, text] of Object.entries(texts)) {
      if (Object.hasOwn(this.texts, path)) continue;
      this.texts[path] = text;
      this.#bytes += Buffer.byteLength(text);
    }
    if (before <= MAX_NAMED_BYTES && this.#bytes > MAX_NAMED_BYTES)
      field.problem(
        `${field.key}: the files that the pipeline names have more than ${MAX_NAMED_BYTES / 1024} KiB together; put long scripts into files`,
      );
  }
}

/** The files from the one that is checked to this one. */
function chainOf({ path, parent }: Problems): string[] {
  return [...(parent === null ? [] : chainOf(parent)), path ?? "stdin"];
}

function refuseDepth(field: Naming, chain: readonly string[]): null {
  field.problem(
    `${field.key}: files are more than ${MAX_NESTED} deep inside of each other: ${chain.join(" → ")}`,
  );
  return null;
}
