/** Who asks for an operation type while its file is being loaded. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Loader } from "../../../daemon/loader/loader.js";
import { LoaderClient } from "../../../daemon/loader/loader-client.js";
import type { LoaderReply } from "../../../daemon/loader/messages.js";
import { useDirectories } from "../../harness/temporary.js";

const reply = Promise.withResolvers<LoaderReply>();

const directory = useDirectories();

beforeEach(() => {
  vi.spyOn(LoaderClient.prototype, "ask").mockReturnValue(reply.promise);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("waits until the file is loaded, or as long as it says", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const dir = directory();
  const file = join(dir, "slow.mjs");
  writeFileSync(file, "");
  const loader = new Loader([dir], () => {});
  const waits = loader.resolve("slow");
  const start = loader.resolve("slow", 1000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await start).toEqual({ reason: `${file} is still being loaded`, isLoading: true });
  const type = { op: "slow", file, resumable: true, timeout: null, gracePeriod: 10, retry: null } as never;
  reply.resolve({
    type: "loaded",
    result: {
      file,
      errors: [],
      noType: null,
      blocked: [],
      sources: [],
      isLate: false,
      types: [{ type, hasTitles: false }],
    },
  });
  expect(await waits).toMatchObject({ file, policy: { resumable: true } });
  loader.stop();
});
