/** Questions to a person in a fleet: any host answers, once, also while the host that asked is down. */
// @module-tag postgresql
import { expect, test } from "vitest";
import { newId } from "../../../protocol/id.js";
import { until } from "../../end-to-end/until.js";
import type { FleetHost } from "./fleet-host.js";
import { FleetWorld } from "./fleet-world.js";

const ROLLOUT = `
  import { LiveOperation, z } from "liveops";
  export class Rollout extends LiveOperation {
    static resumable = true;
    static params = z.object({ effects: z.string(), timeout: z.number().optional() });
    static stages = ["Build", "Ask", "Ship"];
    async run(p) {
      await p.stage("Build", () => p.log("built"));
      const { timeout } = this.params;
      const answer = await p.stage("Ask", () =>
        p.approve("Which?", { choices: ["blue", "green"], ...(timeout && { timeout, default: "green" }) }));
      await p.stage("Ship", () => p.result({ answer, host: process.env.LIVEOPS_TEST_HOST }));
    }
  }`;

test("the answer of another host counts, and a host that is down keeps nobody waiting", {
  timeout: 180_000,
}, async () => {
  await using fleet = await FleetWorld.start({
    hosts: { a: { concurrency: 1 }, b: { concurrency: 1 } },
    ops: { "rollout.mjs": ROLLOUT },
    // A host that is well on a busy machine is not taken for lost, and its engine has time to answer.
    lostAfter: 60,
  });
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  const submit = async (body: object = {}) =>
    (await fleet.submit(a, { op: "rollout", params: {}, ...body })).id;
  const asked = (id: string, on: FleetHost) =>
    until("the question is known", async () => {
      const record = await on.client.show(id).catch(() => null);
      return record?.state === "queued" && record.approvals?.at(-1)?.answer === null && record;
    });

  const pinned = await submit({ on: "a" });
  const [here, there] = [await asked(pinned, a), await asked(pinned, b)];
  expect(there.approvals).toEqual(here.approvals);
  expect(there.blocked).toMatchObject({ reason: "approval" });
  // The wait holds no slot.
  expect(
    await a.daemon.untilFinished(
      (await a.client.submit({ op: "shell", on: "a", params: { args: ["true"] } }, newId())).id,
    ),
  ).toMatchObject({ state: "succeeded" });
  await b.client.approve(pinned, { choice: "blue" });
  await expect(a.client.approve(pinned, { choice: "green" })).rejects.toThrow("waits for no approval");
  expect(await b.daemon.untilFinished(pinned)).toMatchObject({
    state: "succeeded",
    result: { answer: "blue", host: "a" },
    approvals: [{ answer: { choice: "blue" } }],
  });

  // The end of the time is recorded once, by one of the hosts.
  const late = await submit({ params: { timeout: 1 } });
  const ended = await b.daemon.untilFinished(late);
  expect(ended).toMatchObject({ state: "succeeded", result: { answer: "green" }, attempt: 2 });
  const answers: string[] = [];
  for await (const { type } of b.client.events(late, {}))
    if (type === "approval:answered") answers.push(type);
  expect(answers).toHaveLength(1);

  // The host that asked is gone.
  const open = await submit();
  await asked(open, b);
  await a.kill();
  await b.client.approve(open, { choice: "blue" });
  expect(await b.daemon.untilFinished(open)).toMatchObject({ result: { answer: "blue", host: "b" } });
});
