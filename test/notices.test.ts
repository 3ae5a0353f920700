/** `dist/THIRD_PARTY_NOTICES.txt` names every package in the bundles, with its licence. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { useDirectories } from "./harness/temporary.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(join(root, "dist/THIRD_PARTY_NOTICES.txt"), "utf8");
const directory = useDirectories();

interface Notices {
  bundledPackages(metafiles: object[], root: string): Array<{ name: string; version: string }>;
  notices(packages: object[]): string;
}

const { bundledPackages, notices } = (await import(
  new URL("../scripts/notices.mjs", import.meta.url).href
)) as Notices;

/** Names of the packages that an entry point takes into its bundle, found without the script. */
async function packagesOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    outdir: "nowhere",
    platform: "node",
    format: "esm",
    minifySyntax: true,
    external: ["tsx", "tsx/*", "react-devtools-core", "@lydell/node-pty", "pg"],
    alias: { liveops: "./ops/sdk/index.ts" },
    define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
    logLevel: "silent",
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const paths = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  const names = paths.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

test.each([
  "tui/main.tsx",
  "daemon/worker/main.ts",
  "tui/cli/liveopsd/main.ts",
  "daemon/features/metrics/prometheus.ts",
  "ops/backup.ts",
  "tui/features/mcp/main.ts",
])("every package in the bundle of %s is named with its licence", async (entry) => {
  const names = await packagesOf(entry);
  expect(names.length).toBeGreaterThan(0);
  const missing = names.filter(
    (name) =>
      !text.includes(`\n${name} `) || !new RegExp(`\n${name} \\S+\nLicence: \\S`).test(text),
  );
  expect(missing).toEqual([]);
});

test.each(["fastify", "pino", "lowdb", "find-my-way", "zod", "nanoid"])(
  "%s of the daemon's bundle is named with the text of its licence",
  (name) => {
    const at = text.search(new RegExp(`^${name} \\d`, "m"));
    expect(at).toBeGreaterThan(0);
    expect(text.slice(at, at + 2000)).toMatch(
      /Permission is hereby granted|Redistribution and use/,
    );
  },
);

test("the file is packed", () => {
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    files: string[];
  };
  expect(files).toContain("dist");
  expect(existsSync(join(root, "dist/THIRD_PARTY_NOTICES.txt"))).toBe(true);
});

test("packages are sorted, once each; what is not in the output, and our own files, are left out", () => {
  const dir = directory();
  const add = (path: string, content: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  add("node_modules/b/package.json", '{"name": "b", "version": "2.0.0", "license": "ISC"}');
  add("node_modules/b/LICENCE.md", "the licence of b\r\n");
  // A folder's own package.json, without a version.
  add("node_modules/b/esm/package.json", '{"type": "module"}');
  add(
    "node_modules/@s/a/package.json",
    '{"name": "@s/a", "version": "1.0.0", "author": {"name": "A. Author"}}',
  );
  add("node_modules/unused/package.json", '{"name": "unused", "version": "1.0.0"}');
  const inputs = {
    "node_modules/b/esm/index.js": { bytesInOutput: 5 },
    "lazily:node_modules/@s/a/index.js": { bytesInOutput: 5 },
    "node_modules/unused/index.js": { bytesInOutput: 0 },
    "daemon/main.ts": { bytesInOutput: 5 },
  };
  const metafile = { outputs: { "out.js": { inputs }, "again.js": { inputs } } };
  const packages = bundledPackages([metafile, metafile], dir);
  expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
    "@s/a 1.0.0",
    "b 2.0.0",
  ]);
  const said = notices(packages);
  expect(said).toBe(notices(bundledPackages([metafile], dir)));
  expect(said).toContain("Copyright A. Author.");
  expect(said).toContain("b 2.0.0\nLicence: ISC\n\nthe licence of b\n");
});
