/** Runs the script of one measure in its own process, so that measures do not affect each other. */
import { failed, NotHere } from "./measure.js";

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
  process.on(signal, () => process.exit(1));
process.on("disconnect", () => process.exit(1));

try {
  await import(process.argv[2]!);
} catch (error) {
  if (!(error instanceof NotHere)) console.error(error);
  failed(error as Error);
}
// Its end waits for the rows.
process.send!(null, () => process.exit(0));
