/** What the samples of an attempt's processes add up to. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import {
  ResourceSampler,
  SAMPLE_MS,
  StepUsage,
} from "../../../daemon/scheduler/resource-sampler.js";
import { type ProcessUsage, usageOf } from "../../../ops/attempt/usage.js";
import { until } from "../../end-to-end/until.js";

const MIB = 1024 * 1024;

/** A sampler of processes whose use the test sets. */
function sampled(isAdopted = false) {
  let now = 0;
  const processes = new Map<number, ProcessUsage>();
  const sampler = new ResourceSampler(
    isAdopted,
    () => now,
    (pid) => processes.get(pid) ?? null,
  );
  const use = (pid: number, cpuSeconds: number, rssMib = 10, readBytes = 0, writtenBytes = 0) =>
    processes.set(pid, { cpuSeconds, rssBytes: rssMib * MIB, readBytes, writtenBytes });
  const look = () => {
    now += SAMPLE_MS;
    return sampler.look(() => [...processes.keys()]);
  };
  return { sampler, processes, use, look };
}

test("adds up all processes and keeps the peak of their memory", () => {
  const { sampler, use, look } = sampled();
  use(1, 1, 100, 5, 7);
  use(2, 2, 50, 6, 8);
  expect(look()).toBe(true);
  expect(sampler.resources).toEqual({
    cpuSeconds: 3,
    maxRssBytes: 150 * MIB,
    readBytes: 11,
    writtenBytes: 15,
  });
  use(2, 2.5, 10, 6, 8);
  look();
  expect(sampler.resources).toMatchObject({ cpuSeconds: 3.5, maxRssBytes: 150 * MIB });
  expect(sampler.usage).toEqual({ cpu: 0.25, rssBytes: 110 * MIB, processes: 2 });
});

test("leaves out what a warm worker used before the attempt", () => {
  const { sampler, use, look } = sampled();
  sampler.accepted({ cpuSeconds: 30, readBytes: 100, writtenBytes: 200 });
  use(1, 31, 60, 101, 202);
  look();
  expect(sampler.resources).toMatchObject({ cpuSeconds: 1, readBytes: 1, writtenBytes: 2 });
  expect(sampler.usage?.cpu).toBe(0.5);
});

test("keeps what an ended process used, whether its parent waited for it or not", () => {
  const { sampler, processes, use, look } = sampled();
  use(1, 1);
  use(2, 10);
  look();
  // The kernel adds a process to the parent that waited for it.
  processes.delete(2);
  use(1, 11.5);
  look();
  expect(sampler.resources?.cpuSeconds).toBe(11.5);
  use(3, 5);
  look();
  // Nothing waited for this one.
  processes.delete(3);
  use(1, 12);
  look();
  expect(sampler.resources?.cpuSeconds).toBe(16.5);
  look();
  expect(sampler.resources?.cpuSeconds).toBe(16.5);
});

test("shows no CPU use of an adopted attempt before its second measure", () => {
  const { sampler, use, look } = sampled(true);
  use(1, 500);
  look();
  expect(sampler.usage?.cpu).toBe(0);
  use(1, 501);
  look();
  expect(sampler.usage?.cpu).toBe(0.5);
  expect(sampler.resources?.cpuSeconds).toBe(501);
});

test("measures no earlier than after 2 s, and nothing where no process is left", () => {
  const { sampler, look } = sampled();
  expect(sampler.look(() => [1])).toBe(false);
  expect(look()).toBe(false);
  expect(sampler.resources).toBeNull();
});

test("the worker's own measure at the end adds to the samples, and the current use is gone", () => {
  const { sampler, use, look } = sampled();
  use(1, 1, 100, 50, 5);
  look();
  sampler.finished({ cpuSeconds: 4, maxRssBytes: 20 * MIB, readBytes: 9, writtenBytes: 6 });
  expect(sampler.resources).toEqual({
    cpuSeconds: 4,
    maxRssBytes: 100 * MIB,
    readBytes: 50,
    writtenBytes: 6,
  });
  expect(sampler.usage).toBeNull();
});

test("tells the use of the programs of each step, by the name in their environment", () => {
  const names = new Map([
    [2, "unit"],
    [3, "unit"],
    [4, "__proto__"],
  ]);
  const steps = new StepUsage((pid) => names.get(pid) ?? null);
  const use = (cpuSeconds: number, rssBytes: number) => ({
    cpuSeconds,
    rssBytes,
    readBytes: 0,
    writtenBytes: 0,
  });
  const first = new Map([
    [1, use(9, 900)],
    [2, use(1, 10)],
    [3, use(2, 20)],
    [4, use(0, 1)],
  ]);
  expect(Object.entries(steps.look(first, 2)!)).toEqual([
    ["unit", { cpu: 1.5, rssBytes: 30, processes: 2 }],
    ["__proto__", { cpu: 0, rssBytes: 1, processes: 1 }],
  ]);
  // A process that has ended takes its time with it, and its number may be that of another program.
  names.clear();
  names.set(5, "unit");
  expect(steps.look(new Map([[5, use(1, 5)]]), 2)).toEqual({
    unit: { cpu: 0, rssBytes: 5, processes: 1 },
  });
  expect(steps.look(new Map([[5, use(2, 5)]]), 2)).toEqual({
    unit: { cpu: 0.5, rssBytes: 5, processes: 1 },
  });
  expect(steps.look(new Map([[1, use(9, 900)]]), 2)).toBeUndefined();
});

test("the name of the step is that in the environment of a process", async () => {
  const child = spawn("sleep", ["600"], { env: { ...process.env, LIVEOPS_STEP: "déjà vu" } });
  try {
    await once(child, "spawn");
    const steps = new StepUsage();
    await until("the program has its environment", () => {
      const shown = steps.look(new Map([[child.pid!, usageOf(child.pid!)!]]), 2);
      return Object.keys(shown ?? {}).join() === "déjà vu";
    });
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});
