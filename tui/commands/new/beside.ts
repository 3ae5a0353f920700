/** What lies beside this bundle and above a directory: our declarations, the shipped types' names, Node's types. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's own declarations. */
export function typesFile(): string {
  return fileURLToPath(new URL("./types/ops/sdk/index.d.ts", import.meta.url));
}

/** Each shipped operation is in a file of its name. */
export function isShipped(op: string): boolean {
  return ["./ops", "./ops/examples"].some((dir) => {
    const path = fileURLToPath(new URL(dir, import.meta.url));
    return existsSync(path) && readdirSync(path).includes(`${op}.js`);
  });
}

/** The `typeRoots` with Node's types: empty where the compiler finds them by itself; null where there are none. */
export function nodeTypes(dir: string): string[] | null {
  if (rootAbove(resolve(dir)) !== null) return [];
  const ours = rootAbove(dirname(fileURLToPath(import.meta.url)));
  return ours === null ? null : [ours];
}

function rootAbove(start: string): string | null {
  for (let dir = start; ; dir = dirname(dir)) {
    const root = join(dir, "node_modules", "@types");
    if (existsSync(join(root, "node"))) return root;
    if (dir === dirname(dir)) return null;
  }
}
