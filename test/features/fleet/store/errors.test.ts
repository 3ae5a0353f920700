/** The errors of an engine as a client reads them. */
import { expect, test } from "vitest";
import { EngineAwayError, RoleError } from "../../../../daemon/features/fleet/engine/errors.js";
import { Tail } from "../../../../daemon/features/fleet/store/tail.js";
import { asRefusal } from "../../../../daemon/http/errors.js";

const NOTHING = "nothing was recorded: ";
const UNKNOWN =
  "it is not known whether the change was recorded; look with liveops ls before you repeat it: ";

const said = (error: Error) => asRefusal(error).message;

test("an engine that was sent the call may have recorded it, and the client is told so", () => {
  const why = new Error("ECONNREFUSED");
  expect(said(new EngineAwayError("ops", why))).toContain(NOTHING);
  expect(said(new EngineAwayError("ops", why, true))).toContain(UNKNOWN);
  expect(said(new RoleError("the role may not do this"))).toContain(NOTHING);
});

test("a recorded decision that is not applied here, since the daemon stops or the engine lost writes", async () => {
  const tail = new Tail({
    engine: { decisionsAfter: () => Promise.reject(new Error("not asked")) },
    from: 1,
    apply: () => {},
    onHead: () => {},
    onError: () => {},
    onLostWrites: async () => {},
    isReloading: () => false,
  });
  const saying = (promise: Promise<void>) => promise.then(() => "", said);
  const lost = saying(tail.until(2));
  await tail.reset(async () => 1);
  expect(await lost).toContain(UNKNOWN);
  const [recorded, asked] = [saying(tail.until(2)), saying(tail.catchUp())];
  await tail.stop();
  expect(await recorded).toContain(UNKNOWN);
  expect(await asked).toContain(NOTHING);
});
