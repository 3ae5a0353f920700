/**
 * Operations of three empty stages per second with traces, beside the same without, and the memory of both daemons.
 *
 * The collector of this process takes the bytes and does nothing else. Six spans of an operation are exported.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { THREE_STAGES } from "../harness/no-op.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter, untilDone } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const AT_ONCE = 32;

export default async function traces({ quick }: MeasureOptions): Promise<Row[]> {
  const jobs = quick ? 100 : 400;
  const collector = createServer((request, response) => {
    request.resume().on("end", () => response.end("{}"));
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  const flags = ["--concurrency", "2"];
  const off = await benchWorld({ ops: THREE_STAGES, flags });
  const on = await benchWorld({
    ops: THREE_STAGES,
    flags: [...flags, "--traces", `http://127.0.0.1:${port}`],
  });
  const submitters = [off, on].map((world) => new Submitter(world.socket, AT_ONCE));
  const memory = { off: [] as number[], on: [] as number[] };
  const rate = (world: BenchWorld, submitter: Submitter, kept: number[]) => async () => {
    const start = performance.now();
    await submitter.submit({ op: "three-stages" }, jobs);
    await untilDone(world.client);
    const perSecond = (jobs * 1000) / (performance.now() - start);
    kept.push((await world.client.daemon()).memory.rss! / 1e6);
    return perSecond;
  };
  try {
    const samples = await interleave(
      { off: rate(off, submitters[0]!, memory.off), on: rate(on, submitters[1]!, memory.on) },
      quick ? 3 : 9,
    );
    const { traces: report } = await on.client.daemon();
    const { dropped } = report!;
    return [
      compared(
        "operations/s, three empty stages, with traces",
        samples.on,
        { what: "without traces", samples: samples.off },
        {
          unit: "/s",
          goal: { of: "ratio", atLeast: 0.8 },
          notes: `${report!.exported} spans exported, ${dropped.full + dropped.refused} dropped; the collector shares the 2 cores`,
        },
      ),
      compared(
        "memory of the daemon, with traces",
        memory.on.slice(1),
        { what: "without traces", samples: memory.off.slice(1) },
        { unit: "MB", notes: "resident, after each round" },
      ),
    ];
  } finally {
    for (const submitter of submitters) submitter.close();
    off.stop();
    on.stop();
    collector.close();
  }
}
