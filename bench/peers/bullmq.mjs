/** BullMQ: adds a number of jobs, several at a time, and measures the time until the last job is completed. */
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
let completed = 0;
let onCompleted = () => {};
worker.on("completed", () => {
  completed++;
  onCompleted();
});
worker.on("failed", (_job, error) => {
  throw error;
});

await answer(async ({ jobs, atOnce, oneByOne }) => {
  if (oneByOne) return oneAtATime(jobs);
  const start = performance.now();
  completed = 0;
  const all = new Promise((resolve) => {
    onCompleted = () => completed === jobs && resolve();
  });
  let left = jobs;
  const submitter = async () => {
    while (left-- > 0) await queue.add("three-stages", {});
  };
  await Promise.all(Array.from({ length: atOnce }, submitter));
  await all;
  return { perSecond: (jobs / (performance.now() - start)) * 1000 };
});

/** Adds each job when the previous job is completed. */
async function oneAtATime(jobs) {
  const start = performance.now();
  for (let n = 0; n < jobs; n++) {
    const done = new Promise((resolve) => {
      onCompleted = resolve;
    });
    await queue.add("three-stages", {});
    await done;
  }
  return { perSecond: (jobs / (performance.now() - start)) * 1000 };
}

await worker.close();
await queue.close();
for (const connection of connections) connection.disconnect();
