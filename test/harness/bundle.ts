/** Bundles a script that imports our sources, so that a plain Node child process can run it. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Imports in `text` are relative to the repository's root. Returns the path of the bundle. */
export async function bundleForChild(dir: string, text: string): Promise<string> {
  const outfile = join(dir, "child.mjs");
  await build({
    stdin: {
      contents: text,
      resolveDir: fileURLToPath(new URL("../..", import.meta.url)),
      loader: "ts",
    },
    bundle: true,
    platform: "node",
    target: "node22.15",
    format: "esm",
    outfile,
    logLevel: "warning",
  });
  return outfile;
}
