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
const { bundledPackages, notices } = await import("./notices.mjs");
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
  // Every licence stands in THIRD_PARTY_NOTICES.txt.
  legalComments: "none",
  metafile: true,
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
  external: ["tsx", "tsx/*", "react-devtools-core", "./locales.cjs"],
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
 * zod's messages in all languages but English are half of what a worker, the loader and `run` would read at their
 * start, a quarter of its time: they stand in a file of their own, which is read when one of them is asked for.
 */
const locales = join(root, "node_modules/zod/v4/locales/index.js");
const lateLocales = {
  name: "late-locales",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ path, resolveDir }) =>
      join(resolveDir, path) === locales ? { path: locales, namespace: "late-locales" } : undefined,
    );
    onLoad({ filter: /./, namespace: "late-locales" }, async ({ path }) => ({
      contents: Object.keys(await import(path))
        .map((name) => `export const ${name} = () => require("./locales.cjs").${name}();`)
        .join("\n"),
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
    // find-my-way looks through its own three expressions at each start; no route of ours has one.
    onResolve({ filter: /^safe-regex2$/ }, () => ({ path: "safe", namespace: "unused" }));
    onLoad({ filter: /^safe$/, namespace: "unused" }, () => ({ contents: "module.exports = () => true;" }));
    // It has V8 compile a function for each part of a path up to a length, 4 ms at each start; longer ones it compares.
    onLoad({ filter: /find-my-way\/lib\/node\.js$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8");
      const compared = contents.replace(/(const LONG_PREFIX_MIN_LENGTH = )\d+/, "$12");
      if (compared === contents)
        throw new Error(`${path} is not what it was: look whether it still compiles`);
      return { contents: compared };
    });
    // fastify has the time of each reply; what tells it takes a millisecond to load.
    onResolve({ filter: /^node:perf_hooks$/ }, () => ({ path: "clock", namespace: "unused" }));
    onLoad({ filter: /^clock$/, namespace: "unused" }, () => ({
      contents: "module.exports = { performance: { now: () => performance.now() } };",
    }));
    // pino asks whether it runs in a thread.
    onResolve({ filter: /^worker_threads$/ }, ({ importer }) =>
      /pino.lib.tools\.js$/.test(importer) ? { path: "main-thread", namespace: "unused" } : undefined,
    );
    onLoad({ filter: /^main-thread$/, namespace: "unused" }, () => ({
      contents: "module.exports = { isMainThread: true };",
    }));
  },
};

/**
 * What the daemon's libraries load at once and the daemon asks of them late or never: TLS, HTTP/2, DNS,
 * threads; versions, proxies and the log. Each is loaded when something of it is first used.
 */
const lazily = {
  name: "lazily",
  setup({ onResolve, onLoad }) {
    const parts = /^(?:(?:node:)?(?:https|http2|dns|assert)|semver|@fastify\/proxy-addr|thread-stream|pino)$/;
    onResolve({ filter: parts }, ({ path, namespace, resolveDir }) =>
      namespace === "lazily" ? undefined : { path, namespace: "lazily", pluginData: resolveDir },
    );
    onLoad({ filter: /./, namespace: "lazily" }, ({ path, pluginData }) => ({
      resolveDir: pluginData,
      contents: `
        let whole;
        const load = () => (whole ??= require(${JSON.stringify(path)}));
        module.exports = new Proxy(function () {}, {
          get: (_, name) => (name === "__esModule" ? undefined : load()[name]),
          // An assertion that holds needs no words.
          apply: (_, self, values) => (values[0] && ${/assert$/.test(path)} ? undefined : Reflect.apply(load(), self, values)),
          construct: (_, values) => Reflect.construct(load(), values),
        });
      `,
    }));
  },
};

/** zod and the schemas are a bundle of their own, which the daemon loads when it answers already. */
const schemasApart = {
  name: "schemas-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/schemas\.js$/ }, ({ importer, kind }) =>
      kind === "dynamic-import" && importer === join(root, "daemon/http/route.ts")
        ? { path: "./daemon-schemas.cjs", external: true }
        : undefined,
    );
  },
};

const built = await Promise.all([
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
    plugins: [ownStringWidth, lateLocales],
  }),
  // Beside the chunk that asks for it.
  build({ ...cjs, entryPoints: { "chunks/locales": locales } }),
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
      "liveops-run": "tui/commands/run/quick.ts",
      "liveops-commands": "tui/commands/command-line.ts",
      "liveopsd-cli": "daemon/commands/main.ts",
      "liveopsd-commands": "daemon/commands/command-line.ts",
    },
    plugins: [ownStringWidth],
  }),
  build({
    ...cjs,
    entryPoints: { daemon: "daemon/main.ts", "daemon-schemas": "daemon/http/schemas.ts" },
    // As a require: who imports anything as an ES module loads all that is needed for that.
    supported: { "dynamic-import": false },
    plugins: [withoutUnused, lazily, schemasApart],
  }),
]);

const packages = bundledPackages(
  built.map(({ metafile }) => metafile),
  root,
);
writeFileSync(join(fresh, "THIRD_PARTY_NOTICES.txt"), notices(packages));

bin("liveops", "require('../liveops-cli.cjs')");
bin("liveopsd", "require('../liveopsd-cli.cjs')");
// In a file of its own: the oldest Nodes cannot even read an import().
writeFileSync(join(fresh, "liveops-tui.cjs"), 'import("./tui.js");\n');
bin("liveops-tui", "require('../liveops-tui.cjs')");

const tsc = join(root, "node_modules/typescript/bin/tsc");
const types = ["-p", join(root, "scripts/tsconfig.types.json"), "--outDir", join(fresh, "types")];
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
  for (const top of ["protocol", "ops", "daemon", "tui", "scripts", "package.json", "tsconfig.json"])
    visit(join(root, top));
  return newest;
}
