/**
 * Bundles the bins and the library into dist/, emits the .d.ts, and links the bins where npx and npm scripts look.
 *
 * `--if-stale` does nothing when dist/ is newer than every source.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const stamp = join(dist, ".built");
// Made beside it and then put in its place: a daemon that runs from dist/ finds no half of it.
const fresh = join(root, `.dist-${process.pid}`);

if (process.argv.includes("--if-stale") && existsSync(stamp) && newestSource() <= statSync(stamp).mtimeMs)
  process.exit(0);

const { build } = await import("esbuild");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

mkdirSync(join(fresh, "bin"), { recursive: true });
process.on("exit", () => rmSync(fresh, { recursive: true, force: true }));

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node22.15",
  outdir: fresh,
  minifySyntax: true,
  // Less text to read at each start and to keep; lines short enough for a stack to say where.
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: "none",
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
};

/** Shipped operations keep their place, so that the loader finds them as it finds a user's. */
const shipped = Object.fromEntries(
  ["ops", "ops/examples"].flatMap((dir) =>
    readdirSync(join(root, dir))
      .filter((file) => /\.ts$/.test(file) && !file.startsWith("_"))
      .map((file) => [`${dir}/${file.replace(/\.ts$/, "")}`, `${dir}/${file}`]),
  ),
);

const esm = {
  ...shared,
  format: "esm",
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  // Left outside: tsx brings its own loader files.
  external: ["tsx", "tsx/*", "react-devtools-core"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};

const cjs = {
  ...shared,
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  // Loaded from beside the bundle only when needed.
  external: ["./run.js", "./tui.js", "./daemon.cjs"],
  define: { ...shared.define, "import.meta.url": "__bundleUrl" },
  banner: { js: 'const __bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
};

/**
 * The package string-width is loaded when a text needs it: its segmenter and its expression for emoji take 20 ms, and
 * most texts have a shorter way (`tui/terminal/string-width.ts`), which Ink takes as well: it measures every text of
 * every frame.
 */
const ownStringWidth = {
  name: "own-string-width",
  setup({ onResolve, onLoad }) {
    const own = join(root, "tui/terminal/string-width.ts");
    onResolve({ filter: /^string-width$/ }, ({ importer, namespace, resolveDir }) => {
      if (namespace === "lazy-string-width") return undefined;
      if (importer !== own) return { path: own };
      return { path: "lazy", namespace: "lazy-string-width", pluginData: resolveDir };
    });
    onLoad({ filter: /^lazy$/, namespace: "lazy-string-width" }, ({ pluginData }) => ({
      resolveDir: pluginData,
      contents: `
        let measure;
        export default (text, options) => {
          measure ??= require("string-width").default;
          return measure(text, options);
        };
      `,
    }));
  },
};

/**
 * Ink takes every text of a frame apart into tokens, though most stand there since the frame before. They are kept:
 * the tokens of a text depend on the text alone, and nobody changes them.
 */
const keptTokens = {
  name: "kept-tokens",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@alcalzone\/ansi-tokenize$/ }, ({ namespace, resolveDir }) =>
      namespace === "kept-tokens"
        ? undefined
        : { path: "tokens", namespace: "kept-tokens", pluginData: resolveDir },
    );
    onLoad({ filter: /^tokens$/, namespace: "kept-tokens" }, ({ pluginData }) => ({
      resolveDir: pluginData,
      contents: `
        import { tokenize as fresh } from "@alcalzone/ansi-tokenize";
        export * from "@alcalzone/ansi-tokenize";
        const MOST = 1000;
        const kept = new Map();
        export function tokenize(text, end) {
          if (end !== undefined) return fresh(text, end);
          let tokens = kept.get(text);
          if (tokens === undefined) {
            tokens = fresh(text);
            if (kept.size >= MOST) kept.clear();
            kept.set(text, tokens);
          }
          return tokens;
        }
      `,
    }));
  },
};

/**
 * What the daemon never calls is not in its bundle, a third of it: messages in fifty languages, fastify's own schema
 * compilers, and what its tests call it through.
 */
const withoutUnused = {
  name: "without-unused",
  setup({ onResolve, onLoad }) {
    const unused =
      /^(?:@fastify\/ajv-compiler|@fastify\/fast-json-stringify-compiler|light-my-request)$|\/locales\/index\.js$/;
    onResolve({ filter: unused }, () => ({ path: "unused", namespace: "unused" }));
    onLoad({ filter: /^unused$/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

await Promise.all([
  build({
    ...esm,
    entryPoints: {
      liveops: "ops/api/index.ts",
      run: "tui/commands/run/inline.ts",
      worker: "daemon/worker/main.ts",
      loader: "daemon/loader/main.ts",
      ...shipped,
    },
    // The shipped operations write `liveops` as a user's do; both must meet the same classes.
    alias: { liveops: "./ops/api/index.ts" },
    plugins: [ownStringWidth],
  }),
  build({
    ...esm,
    entryPoints: { tui: "tui/main.tsx" },
    chunkNames: "chunks/tui-[hash]",
    plugins: [ownStringWidth, keptTokens],
  }),
  // CommonJS: it starts in two thirds of the time, and these are the commands that are typed. For the daemon: who
  // imports node:http into an ES module loads all of fetch, 30 ms and 6 MB.
  build({
    ...cjs,
    entryPoints: {
      "liveops-cli": "tui/commands/main.ts",
      "liveops-ls": "tui/commands/ls/quick.ts",
      "liveops-commands": "tui/commands/command-line.ts",
      "liveopsd-cli": "daemon/commands/main.ts",
      "liveopsd-commands": "daemon/commands/command-line.ts",
    },
    plugins: [ownStringWidth],
  }),
  build({ ...cjs, entryPoints: { daemon: "daemon/main.ts" }, plugins: [withoutUnused] }),
]);

bin("liveops", "require('../liveops-cli.cjs')");
bin("liveopsd", "require('../liveopsd-cli.cjs')");
// In a file of its own: the oldest Nodes cannot even read an import().
writeFileSync(join(fresh, "liveops-tui.cjs"), 'import("./tui.js");\n');
bin("liveops-tui", "require('../liveops-tui.cjs')");

const tsc = join(root, "node_modules/typescript/bin/tsc");
const types = ["-p", join(root, ".scripts/tsconfig.types.json"), "--outDir", join(fresh, "types")];
execFileSync(process.execPath, [tsc, ...types], { stdio: "inherit" });
writeFileSync(join(fresh, ".built"), "");

const old = `${fresh}-old`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(fresh, dist);
rmSync(old, { recursive: true, force: true });
for (const name of ["liveops", "liveopsd", "liveops-tui"]) linkBin(name);

/** A stub in the oldest syntax: an older Node must read it whole to say its one line. */
function bin(name, load) {
  const file = join(fresh, "bin", `${name}.cjs`);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node);
  writeFileSync(
    file,
    `#!/usr/bin/env node
var v = process.versions.node.split('.');
if (+v[0] < ${major} || (+v[0] === ${major} && +v[1] < ${minor})) {
  process.stderr.write('${name}: needs Node ${major}.${minor} or newer, this is ' + process.versions.node + '; install a newer Node, or run it through npx in a checkout\\n');
  process.exitCode = 70;
} else {
  ${load};
}
`,
  );
  chmodSync(file, 0o755);
}

/** Where npx and npm scripts look; put in place by a rename, so that there is always one. */
function linkBin(name) {
  const links = join(root, "node_modules/.bin");
  if (!existsSync(links)) return;
  const link = join(links, name);
  const temporary = `${link}.${process.pid}`;
  symlinkSync(relative(links, join(dist, "bin", `${name}.cjs`)), temporary);
  renameSync(temporary, link);
}

function newestSource() {
  let newest = 0;
  const visit = (path) => {
    const stat = statSync(path);
    if (stat.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
    else newest = Math.max(newest, stat.mtimeMs);
  };
  for (const top of ["protocol", "ops", "daemon", "tui", ".scripts", "package.json", "tsconfig.json"])
    visit(join(root, top));
  return newest;
}
