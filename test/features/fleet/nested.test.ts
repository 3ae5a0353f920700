/** Operations inside of others in a fleet: the slot of a limited queue is lent, and that of a host. */
// @module-tag postgresql
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilFinished } from "../../faults/start.js";
import { FleetWorld } from "./fleet-world.js";

const PARAMS = "params: { effects: { type: string, required: true } }";
/** Notes a second script that works at the same time, unlike one that waits. */
const WORK = `|
      exec 9>>"$effects.lock"
      flock --nonblock 9 || echo overlap >>"$effects"
      echo "$LIVEOPS_STAGE $LIVEOPS_OPERATION_ID" >>"$effects"
      sleep 0.05`;
const nesting = (name: string, inner: string) => `name: ${name}
${PARAMS}
stages:
  - { name: ${name}, op: ${inner}.yaml, with: { effects: $effects } }
  - name: after
    run: ${WORK}
`;
/** Submits an operation to the other host, and waits for its end. */
const crossing = (name: string, other: string) => `name: ${name}
params: { effects: { type: string, required: true }, liveops: { type: string, required: true }, state: { type: string, required: true } }
stages:
  - name: ${name}
    run: |
      touch "$effects.${name}"
      until test -e "$effects.to-a" && test -e "$effects.to-b"; do sleep 0.02; done
      export LIVEOPS_STATE_DIR="$state"
      $liveops submit leaf effects="$effects" --on ${other} --wait
`;

let fleet: FleetWorld;
beforeAll(async () => {
  const ops = {
    "leaf.yaml": `${PARAMS}\nstages:\n  - name: leaf\n    run: ${WORK}\n`,
    "middle.yaml": nesting("middle", "leaf"),
    "outer.yaml": nesting("outer", "middle"),
    "to-a.yaml": crossing("to-a", "a"),
    "to-b.yaml": crossing("to-b", "b"),
  };
  const config = { queues: { gpu: { concurrency: 1 } } };
  fleet = await FleetWorld.start({
    hosts: { a: { concurrency: 1, config }, b: { concurrency: 1, config } },
    ops,
    lostAfter: 60,
  });
}, 60_000);
afterAll(() => fleet?.[Symbol.asyncDispose](), 60_000);

function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

test("in a limited queue of the fleet, what is nested runs on the host of the outermost one, in one slot", async () => {
  const effects = join(fleet.dir, "nested");
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) {
    const at = fleet.hosts[n % 2]!;
    ids.push((await fleet.submit(at, { op: "outer", queue: "gpu", params: { effects } })).id);
  }
  for (const id of ids) {
    const ended = await untilFinished(fleet.host("a").daemon, id);
    expect(ended).toMatchObject({ state: "succeeded" });
    const { operations } = await fleet.host("b").client.list({ parent: id });
    expect(operations).toMatchObject([
      { title: "Middle", queue: "gpu", host: ended.host, state: "succeeded" },
    ]);
  }
  expect(lines(effects)).toHaveLength(3 * ids.length);
  expect(lines(effects)).not.toContain("overlap");
});

test("two operations that wait for operations on each other's host end, with one slot a host", async () => {
  const effects = join(fleet.dir, "crossed");
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  const submitted = await Promise.all(
    [[a, "to-b"] as const, [b, "to-a"] as const].map(([host, op]) => {
      const liveops = `${process.execPath} ${host.daemon.world.bin("liveops")}`;
      return fleet.submit(host, {
        op,
        on: host.name,
        params: { effects, liveops, state: host.daemon.world.stateDir },
      });
    }),
  );
  for (const { id } of submitted)
    expect(await untilFinished(a.daemon, id)).toMatchObject({ state: "succeeded", error: null });
  // They may work at the same time: each host has a slot.
  expect(lines(effects).filter((line) => line !== "overlap")).toHaveLength(2);
});
