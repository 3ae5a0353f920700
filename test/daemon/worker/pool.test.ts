/** When the pool starts its first worker. */
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Pool } from "../../../daemon/worker/pool.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

/** A pool that cannot start a worker, and says so when it tries. */
function poolWithoutPlace() {
  const onBlocked = vi.fn();
  const pool = new Pool({
    dir: join(directory(), "missing"),
    size: () => 2,
    settings: { fromDaemon: [], opsDirs: [], stateDir: directory() },
    userCode: () => false,
    containment: { open() {}, cgroupOf: () => null },
    workerEvents: { workerEnded() {} },
    onBlocked,
    onIdle() {},
  } as never);
  return { pool, tries: () => onBlocked.mock.calls.length };
}

test("no worker is started before one is needed", () => {
  const idle = poolWithoutPlace();
  idle.pool.warm(0);
  expect(idle.tries()).toBe(0);
  idle.pool.expect();
  idle.pool.warm(0);
  expect(idle.tries()).toBe(1);
  const waited = poolWithoutPlace();
  waited.pool.warm(1);
  expect(waited.tries()).toBe(1);
});
