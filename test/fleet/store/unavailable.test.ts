/** The errors of an engine as a client reads them. */
import { expect, test } from "vitest";
import { EngineAwayError, LostWritesError } from "../../../daemon/fleet/engine/errors.js";
import { asStoreError, EngineUnavailableError } from "../../../daemon/fleet/store/unavailable.js";

const NOTHING = "nothing was recorded: ";
const UNKNOWN =
  "it is not known whether the change was recorded; look with liveops ls before you repeat it: ";

const detail = (...asked: Parameters<typeof asStoreError>) => {
  const error = asStoreError(...asked);
  expect(error).toBeInstanceOf(EngineUnavailableError);
  return (error as EngineUnavailableError).toRefusal().message;
};

test("an engine that was sent the call may have recorded it, and the client is told so", () => {
  const why = new Error("ECONNREFUSED");
  expect(detail(new EngineAwayError("ops", why))).toContain(NOTHING);
  expect(detail(new EngineAwayError("ops", why, true))).toContain(UNKNOWN);
  // A call that was refused, whose reason cannot be read any more.
  expect(detail(new EngineAwayError("ops", why, true), false)).toContain(NOTHING);
});

test("a recorded decision that is not applied here, since the daemon stops or the engine lost writes", () => {
  const stopping = new EngineUnavailableError("LIVEOPS_STOPPING", "the daemon is stopping");
  expect(detail(stopping)).toContain(NOTHING);
  expect(detail(stopping, true)).toContain(UNKNOWN);
  expect(detail(new LostWritesError("lost"), true)).toContain(UNKNOWN);
});
