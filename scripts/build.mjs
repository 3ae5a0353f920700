/**
 * Bundles the bins and the library into dist/, emits the .d.ts, and links the bins in
 * node_modules/.bin.
 *
 * `--if-stale` does nothing when dist/ is newer than every source. `--bundles-only` leaves out the
 * reference, the .d.ts and the links.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
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
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const stamp = join(dist, ".built");
// Built next to dist/ and then renamed, so that a running daemon never reads an incomplete dist/.
const fresh = join(root, `.dist-${process.pid}`);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

if (
  process.argv.includes("--if-stale") &&
  existsSync(stamp) &&
  newestSource() <= statSync(stamp).mtimeMs
)
  process.exit(0);

const least = manifest.engines.node.replace(/[^\d.]/g, "");
if (process.versions.node.localeCompare(least, "en", { numeric: true }) < 0) {
  process.stderr.write(
    `build: Node ${least} or newer is required, this is Node ${process.versions.node}; npm run build uses that of node_modules\n`,
  );
  process.exit(2);
}
const { build } = await import("esbuild");
const { bundledPackages, notices } = await import("./notices.mjs");

mkdirSync(join(fresh, "bin"), { recursive: true });
process.on("exit", () => rmSync(fresh, { recursive: true, force: true }));

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node22.15",
  outdir: fresh,
  minifySyntax: true,
  // Less text to read at each start. The lines stay short enough for useful stack traces.
  minifyWhitespace: true,
  lineLimit: 160,
  // All licences are in THIRD_PARTY_NOTICES.txt.
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
};

/** Shipped operations keep their paths, so that the loader finds them like a user's operations. */
const shipped = Object.fromEntries(
  readdirSync(join(root, "ops"))
    .filter((file) => /\.ts$/.test(file) && !file.startsWith("_"))
    .map((file) => [`ops/${file.replace(/\.ts$/, "")}`, `ops/${file}`]),
);

/** Entry points of features, of which a copy of the sources may have none. */
const there = (entryPoints) =>
  Object.fromEntries(
    Object.entries(entryPoints).filter(([, file]) => existsSync(join(root, file))),
  );

const esm = {
  ...shared,
  format: "esm",
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  // Not bundled: tsx needs its own loader files, and the pty a native one; the pty may be missing.
  external: ["tsx", "tsx/*", "react-devtools-core", "@lydell/node-pty"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};

const cjs = {
  ...shared,
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  // What `loadBundle` loads cannot import. The ES modules of the package are required.
  supported: { "dynamic-import": false },
  // Separate bundles in the same directory, loaded only when needed.
  external: [
    "pg",
    "./run.js",
    "./tui.js",
    "./mcp.js",
    "./daemon.cjs",
    "./compile-cache.cjs",
    "./pipeline-file.js",
    "./prometheus.js",
  ],
  define: {
    ...shared.define,
    "import.meta.url": "__bundle.url",
    "import.meta.filename": "__filename",
  },
  // A getter: most runs need no URL.
  banner: {
    js: 'const __bundle={get url(){return require("node:url").pathToFileURL(__filename).href}};',
  },
};

/**
 * Commands that scripts call often. Each has a bundle of its own, so that Node reads and compiles
 * less.
 */
const hot = {
  submit: ["submit/command", "registerSubmit"],
  ls: ["ls/command", "registerLs"],
  show: ["show/command", "registerShow"],
  wait: ["follow/wait", "registerWait"],
  logs: ["logs", "registerLogs"],
  status: ["status", "registerStatus"],
  cancel: ["cancel", "registerCancel"],
};

const built = await Promise.all([
  build({
    ...esm,
    entryPoints: {
      liveops: "ops/sdk/index.ts",
      ...there({ testing: "ops/features/testing/index.ts" }),
      client: "protocol/client/index.ts",
      run: "tui/cli/run/inline.ts",
      "pipeline-file": "tui/cli/run/pipeline-file.ts",
      worker: "daemon/worker/main.ts",
      loader: "daemon/loader/main.ts",
      "published-type": "ops/types/published-type.ts",
      ...shipped,
    },
    // Shipped and user operations both import `liveops` and must get the same classes.
    alias: { liveops: "./ops/sdk/index.ts" },
  }),
  // The thread of a worker. Apart from the worker, so that the worker is not cut into more files to
  // load.
  build({
    ...esm,
    splitting: false,
    entryPoints: there({ "lease-watchdog": "daemon/features/fleet/worker/lease-watchdog.ts" }),
  }),
  // prom-client, which a daemon loads for the first request of its metrics.
  build({
    ...esm,
    splitting: false,
    entryPoints: there({ prometheus: "daemon/features/metrics/prometheus.ts" }),
  }),
  build({ ...esm, entryPoints: { tui: "tui/main.tsx" }, chunkNames: "chunks/tui-[hash]" }),
  build({ ...esm, splitting: false, entryPoints: there({ mcp: "tui/features/mcp/main.ts" }) }),
  ...Object.entries(hot).map(([command, [file, register]]) =>
    build({
      ...cjs,
      stdin: {
        resolveDir: join(root, "tui/cli"),
        contents: `import { runCommandLine } from "./command-line.js";
          import { ${register} } from "./${file}.js";
          void runCommandLine(process.argv.slice(2), { ${command}: async () => ${register} });`,
      },
      outdir: undefined,
      outfile: join(fresh, `command-${command}.cjs`),
    }),
  ),
  // CommonJS starts faster: a bare client over node:http takes 1.6 times `node -e 0`; as an ES
  // module, 2.5 times.
  build({
    ...cjs,
    entryPoints: {
      "liveops-cli": "tui/cli/main.ts",
      "liveopsd-cli": "tui/cli/liveopsd/main.ts",
      daemon: "daemon/main.ts",
      ...there({
        complete: "tui/features/completion/main.ts",
        dial: "tui/features/ssh/dial-stdio/main.ts",
      }),
    },
  }),
  build({
    ...cjs,
    supported: {},
    entryPoints: { "compile-cache": "tui/kit/compile-cache/main.ts" },
  }),
]);

for (const [to, from] of Object.entries(there({ demo: "ops/features/demo" })))
  cpSync(join(root, from), join(fresh, to), { recursive: true });

const packages = bundledPackages(
  built.map(({ metafile }) => metafile),
  root,
);
writeFileSync(join(fresh, "THIRD_PARTY_NOTICES.txt"), notices(packages));

// A key press that completes loads no command, nor does a connection over ssh.
bin(
  "liveops",
  `var a = process.argv, c = a[2];
  if (c === 'dial-stdio' && a[3] === '--hello') load('dial.cjs');
  else if (c === '__complete') load('complete.cjs');
  else if (/^(${Object.keys(hot).join("|")})$/.test(c)) load('command-' + c + '.cjs');
  else load('liveops-cli.cjs')`,
);
bin("liveopsd", "load('liveopsd-cli.cjs')");
// In a separate file, because the oldest Node versions cannot parse import().
writeFileSync(join(fresh, "liveops-tui.cjs"), 'import("./tui.js");\n');
bin("liveops-tui", "require('../liveops-tui.cjs')");

const isWhole = !process.argv.includes("--bundles-only");
if (isWhole) {
  await writeReferenceFiles();
  const declarations = join(root, "scripts/declarations.mjs");
  execFileSync(process.execPath, [declarations, join(fresh, "types")], { stdio: "inherit" });
}
writeFileSync(join(fresh, ".built"), "");

const old = `${fresh}-old`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(fresh, dist);
rmSync(old, { recursive: true, force: true });
if (isWhole) for (const name of ["liveops", "liveopsd", "liveops-tui"]) linkBin(name);

/**
 * A stub in ES5 syntax: an old Node must parse the whole file to print the version message.
 *
 * The shell starts Node with `--`: without it, Node takes options of our command line as its own.
 */
function bin(name, load) {
  const file = join(fresh, "bin", `${name}.cjs`);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node);
  writeFileSync(
    file,
    `#!/bin/sh
':' //; exec node -- "$0" "$@"
var v = process.versions.node.split('.');
if (+v[0] < ${major} || (+v[0] === ${major} && +v[1] < ${minor})) {
  process.stderr.write('${name}: Node ${major}.${minor} or newer is required, this is Node ' + process.versions.node + '; install a newer Node, or use the archive that has its own (liveops-*.tar.xz)\\n');
  process.exitCode = 2;
} else {
  var load = require('../compile-cache.cjs').loadBundle;
  ${load};
}
`,
  );
  chmodSync(file, 0o755);
}

/** Writes the table of completion and the man pages, which are generated from the command trees. */
async function writeReferenceFiles() {
  const bundle = join(fresh, "reference.cjs");
  await build({ ...cjs, entryPoints: { reference: "scripts/reference/main.ts" } });
  const { referenceFiles } = createRequire(import.meta.url)(bundle);
  rmSync(bundle);
  const [, released] =
    /^## \S+ - (\d{4}-\d{2}-\d{2})$/m.exec(readFileSync(join(root, "CHANGELOG.md"), "utf8")) ?? [];
  const date = released ?? new Date().toISOString().slice(0, 10);
  mkdirSync(join(fresh, "man"));
  for (const [path, text] of Object.entries(await referenceFiles(date)))
    writeFileSync(join(fresh, path), text);
}

/**
 * Links the bin for npx and npm scripts. Renames the link into place, so that a link always exists.
 */
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
  for (const top of [
    "protocol",
    "ops",
    "daemon",
    "tui",
    "scripts",
    "package.json",
    "tsconfig.json",
  ])
    visit(join(root, top));
  return newest;
}
