/** Runs one measure in its own process, so that measures do not affect each other. Sends the rows to the parent. */
import type { Measure, MeasureOptions } from "./rows.js";

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
process.on("disconnect", () => process.exit(1));

const [name, options] = process.argv.slice(2) as [string, string];
const { default: measure } = (await import(`../measures/${name}.js`)) as { default: Measure };
const rows = await measure(JSON.parse(options) as MeasureOptions).catch((error: Error) => {
  console.error(error);
  return [{ name, absent: error.message }];
});
await new Promise((resolve) => process.send!(rows, resolve));
process.exit(0);
