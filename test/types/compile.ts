/** Compiles files with one of the supported compilers and returns the lines with errors. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Made by `.ci/run` at night: what is too large for the lockfile. */
const TOOLS = join(root, "node_modules/.cache/nightly");
export const isNightly = existsSync(TOOLS);

const PACKAGES = { "TypeScript 7": "typescript", "TypeScript 5.5": "typescript-5.5" } as const;
export type Compiler = keyof typeof PACKAGES;
export const COMPILERS: Compiler[] = isNightly
  ? ["TypeScript 7", "TypeScript 5.5"]
  : ["TypeScript 7"];

/** `file:line message` of each error; the message is for people, the line is what is compared. */
export interface CompileError {
  file: string;
  line: number;
  message: string;
}

export function tsc(compiler: Compiler, args: string[]): Promise<string> {
  const script = join(root, "node_modules", PACKAGES[compiler], "bin/tsc");
  return runNode([script, "--pretty", "false", ...args]);
}

/** The types that openapi-typescript makes of an OpenAPI document. */
export async function generatedTypes(document: string): Promise<string> {
  return await runNode([join(TOOLS, "node_modules/openapi-typescript/bin/cli.js"), document]);
}

/** The output of a script. */
function runNode(words: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, words, { cwd: root }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

export async function errorsIn(
  compiler: Compiler,
  dir: string,
  files: string[],
  /** The directory of the declarations. */
  types: string,
  options: object = {},
): Promise<CompileError[]> {
  const config = join(dir, `tsconfig.${PACKAGES[compiler]}.json`);
  writeFileSync(
    config,
    JSON.stringify({
      compilerOptions: {
        target: "es2022",
        lib: ["es2023"],
        module: "nodenext",
        moduleResolution: "nodenext",
        moduleDetection: "force",
        strict: true,
        noImplicitOverride: true,
        noEmit: true,
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
        skipLibCheck: true,
        paths: {
          liveops: [join(types, "ops/sdk/index.d.ts")],
          "liveops/testing": [join(types, "ops/features/testing/index.d.ts")],
          "liveops/client": [join(types, "protocol/client/index.d.ts")],
        },
        ...options,
      },
      files,
    }),
  );
  return parse(await tsc(compiler, ["-p", config]));
}

export function parse(output: string): CompileError[] {
  return output
    .split("\n")
    .filter((line) => / error TS\d+: /.test(line))
    .map((text) => {
      const [, file = text, line = "0", message = ""] =
        /^(.*)\((\d+),\d+\): error (.*)$/.exec(text) ?? [];
      return { file: basename(file), line: Number(line), message };
    });
}

/**
 * The lines of a case that are marked as errors: `… // type error`, or after a line `// type error
 * below`.
 */
export function markedLines(file: string): number[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((text, index) => {
      if (/^\s*\/\/ type error below/.test(text)) return [index + 2];
      return text.includes("// type error") ? [index + 1] : [];
    });
}
