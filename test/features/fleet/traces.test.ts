/** The traces of a fleet: the host that decides exports, once; the host that takes over continues the trace. */
// @module-tag postgresql
import { expect, test } from "vitest";
import { eventually } from "../../faults/start.js";
import { Collector } from "../../harness/collector.js";
import { FleetWorld } from "./fleet-world.js";

const TRACED = `
  import { LiveOperation, z } from "liveops";
  export class Traced extends LiveOperation {
    static params = z.object({ effects: z.string() });
    static stages = ["First", "Second"];
    static resumable = true;
    async run(p) {
      await p.stage("First", () => {});
      await p.stage("Second", () => this.attempt === 1 ? new Promise(() => { setInterval(() => {}, 1000); }) : null);
    }
  }`;

test("an operation of a lost host is one trace, with each span once", { timeout: 120_000 }, async () => {
  const collector = await Collector.start();
  try {
    const config = { traces: { url: collector.url } };
    await using fleet = await FleetWorld.start({
      hosts: { a: { config }, b: { config } },
      ops: { "traced.mjs": TRACED },
      // A host that is well on a busy machine is not taken for lost.
      lostAfter: 10,
    });
    const [a, b] = [fleet.host("a"), fleet.host("b")];
    const { id } = await fleet.submit(b, { op: "traced" });
    // Both show it: the host that is killed has sent its events to the engine.
    const host = await eventually("a host runs the second stage, and the other knows it", async () => {
      const shown = await Promise.all([a, b].map(({ client }) => client.show(id)));
      return shown.every(({ stageStates }) => stageStates.Second === "active") ? shown[0]!.host! : null;
    });
    const [lost, other] = host === "a" ? [a, b] : [b, a];
    await lost.kill();
    await other.daemon.untilFinished(id);
    const { traceparent } = await other.client.show(id);
    const spans = await eventually("the root span arrives", async () => {
      const all = collector.of(traceparent!.split("-")[1]!);
      return all.some(({ parentId }) => parentId === null) ? all : null;
    });
    expect(spans.map(({ name }) => name).sort()).toEqual(
      ["First", "First", "Second", "Second", "attempt", "attempt", "queue", "queue", "traced"].sort(),
    );
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    const attempts = spans.filter(({ name }) => name === "attempt");
    expect(attempts.map(({ attributes }) => attributes["host.name"])).toEqual([lost.name, other.name]);
    for (const { resource } of spans) expect(resource["service.instance.id"]).toBe(other.name);
  } finally {
    await collector.close();
  }
});
