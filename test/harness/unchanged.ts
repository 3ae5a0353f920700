/** Files share a process, so that a file must leave it as it was. */
import { afterAll, expect, vi } from "vitest";

const environment = { ...process.env };
const globals = globalsNow();

afterAll(() => {
  expect({ ...process.env }, "a test changed the environment").toEqual(environment);
  expect(vi.isFakeTimers(), "a test left fake timers").toBe(false);
  expect(globalsNow(), "a test changed the process or its clock").toEqual(globals);
});

/** What a test may replace. */
function globalsNow() {
  const { kill, stdout, stderr } = process;
  return {
    kill,
    write: stdout.write,
    writeError: stderr.write,
    now: performance.now,
    directory: process.cwd(),
    user: process.geteuid?.(),
  };
}
