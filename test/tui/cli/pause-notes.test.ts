/** What text mode says of pauses: only the record tells of them. */
import { expect, test } from "vitest";
import { Client } from "../../../protocol/client/client.js";
import { sayBlocked } from "../../../tui/cli/follow/in-text.js";
import { until } from "../../end-to-end/until.js";
import { ago, backup } from "../dashboard/operations.js";
import { World } from "../dashboard/world.js";

test("a pause and its end are said once each, with the command that resumes it", async () => {
  await using world = await World.start();
  const { id } = backup();
  world.put(backup());
  const said: string[] = [];
  const over = new AbortController();
  const done = sayBlocked(new Client(world.socket), id, (text) => said.push(text), over.signal);
  await world.daemon.request(({ path }) => path === "/v1/watch");
  world.patch(id, { pause: { since: ago(1), seconds: 0, changes: 1 } });
  await until("the pause is said", () => said.length === 1);
  world.patch(id, { percent: 50 });
  world.patch(id, { pause: { since: null, seconds: 1, changes: 2 } });
  await until("the end of the pause is said", () => said.length === 2);
  expect(said).toEqual([`paused; resume it with: liveops resume ${id}`, "resumed"]);
  over.abort();
  await done;
});
