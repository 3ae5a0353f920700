/** A file system that does not answer holds neither the stop of an operation nor the operation for ever. */
import { afterEach, expect, test, vi } from "vitest";
import { answered } from "../../../ops/features/up-to-date/files/answer.js";

afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<never>(() => {});

test("a read without an answer is an error after a minute", async () => {
  vi.useFakeTimers();
  const read = expect(answered(never)).rejects.toThrow("the file system has not answered for 60 s");
  await vi.advanceTimersByTimeAsync(60_000);
  await read;
  expect(await answered(Promise.resolve(1))).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
