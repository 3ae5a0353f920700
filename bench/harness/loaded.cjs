/** Preloaded into a process: writes at its exit what it has loaded, to the file that BENCH_LOADED names. */
const { writeFileSync } = require("node:fs");

process.on("exit", () => {
  const files = Object.keys(require.cache).filter((file) => file !== __filename);
  writeFileSync(
    process.env.BENCH_LOADED,
    JSON.stringify({ files, modules: process.moduleLoadList }),
  );
});
