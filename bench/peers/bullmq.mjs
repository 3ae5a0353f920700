/** BullMQ: adds a number of jobs, and measures the time until the last one is completed, or in bulk until it is added. */
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

await answer(async ({ jobs, atOnce, oneByOne, bulk }) => {
  if (oneByOne) return oneAtATime(jobs);
  if (bulk) return inBulk(jobs, atOnce, bulk);
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

/** Adds arrays of jobs, several at a time, to a queue that is paused. */
async function inBulk(jobs, atOnce, size) {
  await queue.pause();
  const array = Array.from({ length: size }, (_, n) => ({ name: "three-stages", data: { n } }));
  const start = performance.now();
  let left = jobs / size;
  const submitter = async () => {
    while (left-- > 0) await queue.addBulk(array);
  };
  await Promise.all(Array.from({ length: atOnce }, submitter));
  return { perSecond: (jobs / (performance.now() - start)) * 1000 };
}

await worker.close();
await queue.close();
for (const connection of connections) connection.disconnect();
