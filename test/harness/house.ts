/**
 * Measures the house: the weight of the core and of each feature, and what the core knows of
 * features.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
// TypeScript 7 has no JavaScript API that parses.
import ts from "typescript-5.5";

const root = fileURLToPath(new URL("../..", import.meta.url));

const SOURCE = ["daemon", "tui", "protocol", "ops"];

/** The bounds that `house.test.ts` keeps. */
export interface House {
  /** Tokens. */
  weight: { source: number; core: number; test: number };
  /** A sentence of what the feature does, and its bound in tokens. */
  features: Record<string, { about: string; weight: number }>;
  /** What a feature adds to each file that may import features. */
  doors: Record<string, string>;
  /** Imports of features by the core, and those of them that stand in no door. */
  imports: { all: number; outsideDoors: number };
  /** Source files of the core that have the name of the feature as a word, doors aside. */
  words: Record<string, number>;
  /** Source files that know the option. */
  options: Record<string, number>;
}

export const house = (): House => JSON.parse(readFileSync(join(root, "test/house.json"), "utf8"));

export const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

const filesOf = (...folders: string[]) =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...folders], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\n")
    .filter((file) => /\.(tsx?|mjs|js)$/.test(file) && existsSync(join(root, file)));

export const featureOf = (file: string): string | null =>
  /\/features\/([^/]+)\//.exec(file)?.[1] ?? null;

/**
 * Tokens: the leaves of the syntax tree. Comments, blank lines and the length of a name cost
 * nothing.
 */
function leaves(node: ts.Node, file: ts.SourceFile): number {
  if (node.kind === ts.SyntaxKind.EndOfFileToken || ts.isJSDoc(node)) return 0;
  const children = node.getChildren(file);
  if (children.length === 0) return node.getWidth(file) > 0 ? 1 : 0;
  return children.reduce((sum, child) => sum + leaves(child, file), 0);
}

function weigh(file: string): number {
  const kind = file.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const text = textOf(file);
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
  return leaves(tree, tree);
}

/** All source files of the program. */
export const sources = () => filesOf(...SOURCE);

const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);

/** The weights today, in tokens. */
export function weights() {
  const features: Record<string, number> = {};
  let core = 0;
  for (const file of sources()) {
    const feature = featureOf(file);
    const tokens = weigh(file);
    if (feature === null) core += tokens;
    else features[feature] = (features[feature] ?? 0) + tokens;
  }
  const test = sum(filesOf("test").map(weigh));
  return { source: core + sum(Object.values(features)), core, test, features };
}

/** The imports of features by files of the core, as "FILE imports FILE". */
export function importsOfFeatures(files = sources()): { from: string; to: string }[] {
  return files
    .filter((from) => featureOf(from) === null)
    .flatMap((from) => {
      const text = textOf(from);
      const names = [...text.matchAll(/(?:\bfrom|\bimport\()\s*"(\.[^"]+)"/g)].map(
        ([, name]) => name!,
      );
      return names
        .map((name) => ({ from, to: relative(root, resolve(root, dirname(from), name)) }))
        .filter(({ to }) => featureOf(to) !== null);
    });
}

/** The files of "Reading order" in docs/architecture.md. */
export function readingOrder(): string[] {
  const [, section = ""] = textOf("docs/architecture.md").split("## Reading order\n");
  const [list = ""] = section.split("\n## ");
  return [...list.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file]) => file!);
}

/** The source files of the core, doors aside, that have the word. */
export function coreFilesWith(word: string): string[] {
  const { doors } = house();
  const pattern = new RegExp(`\\b${word}\\b`, "i");
  const core = sources().filter((file) => featureOf(file) === null && !Object.hasOwn(doors, file));
  return core.filter((file) => pattern.test(textOf(file)));
}

/** How many source files have the word. */
export function filesWith(word: string): number {
  const pattern = new RegExp(`\\b${word}\\b`);
  return sources().filter((file) => pattern.test(textOf(file))).length;
}
