/** How many idempotency keys of removed operations are kept. */
import { expect, test } from "vitest";
import {
  IdempotencyTombstones,
  MOST_TOMBSTONES,
} from "../../../daemon/store/idempotency-tombstones.js";

test("the newest keys of removed operations are kept", () => {
  const tombstones = new IdempotencyTombstones();
  const at = new Date().toISOString();
  for (let n = 0; n <= MOST_TOMBSTONES; n++)
    tombstones.add({ key: `key ${n}`, hash: "hash", at, id: "aaa111bbb222" });
  expect(tombstones.find("key 0")).toBeNull();
  expect(tombstones.find("key 1")).not.toBeNull();
  expect(tombstones.all()).toHaveLength(MOST_TOMBSTONES);
});
