/** Who asks for an operation type while its file is being loaded. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Loader } from "../../../daemon/loader/loader.js";
import { LoaderClient } from "../../../daemon/loader/loader-client.js";
import type { FileResult } from "../../../daemon/loader/messages.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a start waits until the file of its type is loaded, also where no process can load it for a while", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const dir = directory();
  const file = join(dir, "slow.mjs");
  writeFileSync(file, "");
  const reply = Promise.withResolvers<FileResult>();
  let failure: Error | null = new Error("no process");
  vi.spyOn(LoaderClient.prototype, "failure", "get").mockImplementation(() => failure);
  vi.spyOn(LoaderClient.prototype, "ask").mockReturnValue(reply.promise as never);
  const loader = new Loader([dir], () => {});
  const start = loader.toStart("slow");
  await vi.advanceTimersByTimeAsync(60_000);
  failure = null;
  await vi.advanceTimersByTimeAsync(60_000);
  const type = {
    op: "slow",
    file,
    resumable: true,
    timeout: null,
    gracePeriod: 10,
    retry: null,
  } as never;
  const types = [{ type, hasTitles: false }];
  reply.resolve({ file, errors: [], noType: null, blocked: [], sources: [], types });
  expect(await start).toMatchObject({ file, policy: { resumable: true } });
  loader.stop();
});
