/** BullMQ: adds jobs, one by one or in arrays of a size, and answers with the number per second. */
import { fileURLToPath } from "node:url";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { answer, settings } from "./answer.mjs";
import threeStages from "./bullmq-job.mjs";

const { socket, queue: name, isSandboxed, slots } = settings;
const connect = () => new Redis({ path: socket, maxRetriesPerRequest: null });
const processor = isSandboxed
  ? fileURLToPath(new URL("bullmq-job.mjs", import.meta.url))
  : threeStages;

const queue = new Queue(name, { connection: connect() });
const worker = new Worker(name, processor, { connection: connect(), concurrency: slots });
let completed = 0;
let onCompleted = () => {};
worker.on("completed", () => {
  completed++;
  onCompleted();
});
worker.on("failed", (_job, error) => {
  throw error;
});

/** Resolves when so many jobs are completed. */
function allCompleted(jobs) {
  completed = 0;
  return new Promise((resolve) => {
    onCompleted = () => completed === jobs && resolve();
  });
}

const add = () => queue.add("three-stages", {});

async function oneAtATime(jobs) {
  for (let n = 0; n < jobs; n++) await Promise.all([allCompleted(1), add()]);
}

/** Until the arrays are added; none of the jobs is run. */
async function inArrays(arrays, atOnce, size) {
  await queue.pause();
  const array = Array.from({ length: size }, (_, n) => ({ name: "three-stages", data: { n } }));
  await severalAtOnce(arrays, atOnce, () => queue.addBulk(array));
}

async function severalAtOnce(times, atOnce, run) {
  let left = times;
  const one = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

await answer(async ({ jobs, atOnce, size }) => {
  const start = performance.now();
  if (size !== undefined) await inArrays(jobs / size, atOnce, size);
  else if (atOnce === 1) await oneAtATime(jobs);
  else await Promise.all([allCompleted(jobs), severalAtOnce(jobs, atOnce, add)]);
  return (jobs / (performance.now() - start)) * 1000;
});
process.exit(0);
