/**
 * Bundles a script that uses the authoring API, as the build does, and runs it in a child process:
 * hooks cannot be tested in the test's own process, which has the hooks of vitest.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export class Bundle {
  readonly #end: Promise<unknown>;

  private constructor(
    private readonly dir: string,
    private readonly child: ChildProcess,
  ) {
    this.#end = once(child, "exit");
  }

  /**
   * `script` is the text of a module that may import `./ops/…` and is run beside the library's
   * bundle. It answers each message with one message.
   */
  static async start(script: string, cwd: string): Promise<Bundle> {
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
    return new Bundle(
      dir,
      fork(join(dir, "out/script.js"), { cwd, env: childEnv(), execArgv: [] }),
    );
  }

  /** What the script answers to the words. */
  async ask<T>(...words: string[]): Promise<T> {
    this.child.send(words);
    const answer = await Promise.race([once(this.child, "message"), this.#end.then(() => null)]);
    if (answer === null) throw new Error("the script ended");
    return answer[0] as T;
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#end;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Without what the test runner put there for itself. */
function childEnv(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_EXTRA_CA_CERTS: __, ...env } = process.env;
  return env;
}
