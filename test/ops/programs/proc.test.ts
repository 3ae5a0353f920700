import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { isThread, processStat } from "../../../ops/programs/proc.js";

test("the number of a thread is known from that of a process, although /proc answers for both", () => {
  const threads = readdirSync("/proc/self/task").map(Number);
  expect(threads.length).toBeGreaterThan(1);
  expect(threads.filter((thread) => !isThread(thread))).toEqual([process.pid]);
  expect(threads.map((thread) => processStat(thread)?.pid)).toEqual(threads);
  expect(isThread(2 ** 22 + 1)).toBe(false);
});
