/**
 * Bundles a script that uses the authoring API, as the build does, and runs it in a child process: hooks cannot be
 * tested in the test's own process, which has the hooks of vitest.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export class Bundle {
  private constructor(readonly dir: string) {}

  /** `script` is the text of a module that may import `./ops/…` and is run beside the library's bundle. */
  static async of(script: string): Promise<Bundle> {
    // Within the repository: tsx stays outside the bundle and must be found from there.
    const cache = join(root, "node_modules/.cache");
    mkdirSync(cache, { recursive: true });
    const dir = mkdtempSync(join(cache, "liveops-test-"));
    const entry = join(dir, "script.ts");
    writeFileSync(entry, script.replaceAll('"./ops/', `"${root}ops/`));
    await build({
      absWorkingDir: root,
      entryPoints: { script: entry, liveops: "ops/sdk/index.ts" },
      outdir: join(dir, "out"),
      bundle: true,
      splitting: true,
      platform: "node",
      format: "esm",
      target: "node22.15",
      external: ["tsx", "tsx/*"],
      logLevel: "warning",
      banner: {
        js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
      },
    });
    return new Bundle(dir);
  }

  /** What the script printed, and the code it ended with. */
  run(args: string[], cwd?: string): Promise<{ stdout: string; stderr: string; code: number }> {
    return new Promise((resolve) => {
      const file = join(this.dir, "out/script.js");
      execFile(process.execPath, [file, ...args], { cwd, env: childEnv() }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ stdout, stderr, code });
      });
    });
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Without what the test runner put there for itself. */
function childEnv(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_EXTRA_CA_CERTS: __, ...env } = process.env;
  return env;
}
