/** One of several BullMQ processes on a queue: it adds jobs and works on those of all processes. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { answer, settings } from "./answer.mjs";
import threeStages from "./bullmq-job.mjs";

const { socket, queue: name, sandboxed, concurrency } = settings;
const connect = () => new Redis({ path: socket, maxRetriesPerRequest: null });
const processor = sandboxed ? fileURLToPath(new URL("bullmq-job.mjs", import.meta.url)) : threeStages;

const connections = [connect(), connect()];
const queue = new Queue(name, { connection: connections[0] });
const worker = new Worker(name, processor, { connection: connections[1], concurrency });
worker.on("failed", (_job, error) => {
  throw error;
});

await answer(async ({ jobs, atOnce, completed }) => {
  let left = jobs;
  const submitter = async () => {
    while (left-- > 0) await queue.add("empty", { reports: 0 });
  };
  await Promise.all(Array.from({ length: atOnce }, submitter));
  // As often as the measure asks the daemons of a fleet.
  while ((await queue.getCompletedCount()) < completed) await sleep(15);
  return {};
});

await worker.close();
await queue.close();
for (const connection of connections) connection.disconnect();
