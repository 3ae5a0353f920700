/**
 * DBOS: runs a workflow of steps one after another, stores the value of each in PostgreSQL; answers
 * steps a second.
 */
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
    for (let step = 0; step < steps; step++)
      await DBOS.runStep(async () => step, { name: `step ${step}` });
    return performance.now() - start;
  },
  { name: "steps" },
);
await DBOS.launch();

await answer(async ({ steps }) => {
  const handle = await DBOS.startWorkflow(workflow)(steps);
  return (steps / (await handle.getResult())) * 1000;
});
process.exit(0);
