/** A wait ends with its signal, also where the work never does. */
import { expect, test } from "vitest";
import { orAborted } from "../../../protocol/system/until.js";

test.each([true, false])(
  "work ends with the reason of a signal that is aborted before: %s",
  async (before) => {
    const stop = new AbortController();
    if (before) stop.abort(new Error("stopped"));
    const work = orAborted(new Promise<never>(() => {}), stop.signal);
    if (!before) stop.abort(new Error("stopped"));
    await expect(work).rejects.toThrow("stopped");
  },
);
