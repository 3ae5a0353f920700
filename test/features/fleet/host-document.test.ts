/** `state.json` of a host of a fleet says in its first line that it is a view, and has nothing that a start needs. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { HostDocument } from "../../../daemon/features/fleet/host/host-document.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { eventually } from "../../faults/start.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("the operations of the fleet as the host sees them", async () => {
  const open = await OpenStore.open(directory());
  const queued = await open.submit();
  const finished = await open.finished("succeeded");
  const layout = layoutOf(directory());
  const document = new HostDocument(
    {
      bus: open.bus,
      layout,
      log: { logger: { error: (fields: unknown) => expect.unreachable(String(fields)) } } as never,
      view: { present: ({ record }) => record },
    },
    open.store,
    "build-2",
  );
  const read = () => JSON.parse(readFileSync(layout.document, "utf8"));
  await eventually("it is there", () => existsSync(layout.document));
  const [first] = readFileSync(layout.document, "utf8").split("\n");
  expect(first).toMatch(/^\{"format":1,"view":"what the host build-2 of a fleet sees/);
  expect(Object.keys(read().operations)).toEqual([queued]);
  expect(read().queue).toEqual({});
  expect(Object.keys(read().finished)).toEqual([finished]);
  const last = await open.submit();
  await document.stop();
  expect(Object.keys(read().operations)).toEqual([queued, last]);
  expect(existsSync(layout.previousDocument)).toBe(false);
  await open.close();
});
