/** DBOS: runs a workflow of a number of sequential steps, and stores each step's value in PostgreSQL. */
import { DBOS } from "@dbos-inc/dbos-sdk";
import { answer, settings } from "./answer.mjs";

const { url } = settings;
DBOS.setConfig({
  name: "liveops-bench",
  systemDatabaseUrl: url,
  logLevel: "error",
  runAdminServer: false,
});
const workflow = DBOS.registerWorkflow(
  async (steps) => {
    const start = performance.now();
    for (let step = 0; step < steps; step++) await DBOS.runStep(async () => step, { name: `step ${step}` });
    return performance.now() - start;
  },
  { name: "steps" },
);
await DBOS.launch();

await answer(async ({ steps }) => {
  const handle = await DBOS.startWorkflow(workflow)(steps);
  const took = await handle.getResult();
  return { perSecond: (steps / took) * 1000 };
});
await DBOS.shutdown();
process.exit(0);
