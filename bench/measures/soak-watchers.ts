/**
 * Twenty minutes of mixed load with 50 watchers: checks that the daemon's memory stays flat, and that no watcher misses
 * a log line or an end.
 *
 * Half of the watchers follow all operations with logs, half without. Of ten operations one fails, one hands over to
 * another operation, and one is cancelled. The watchers read in this process, so the load is a steady ten operations a
 * second, not the maximum.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";
import { newId } from "../../protocol/id.js";
import { isFinal } from "../../protocol/state.js";
import type { WatchLine } from "../../protocol/watch.js";
import { memoryOf } from "../harness/memory.js";
import { median, quartiles } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { benchWorld } from "../harness/world.js";

const WATCHERS = 50;
const PER_SECOND = 10;
const LINES = 20;

const MIXED = {
  "mixed.mjs": `
import { setTimeout as sleep } from "node:timers/promises";
import { LiveOperation, z } from "liveops";
export class Mixed extends LiveOperation {
  static op = "mixed";
  static stages = ["Load", "Work"];
  static params = z.object({ way: z.enum(["succeed", "fail", "chain", "wait"]) });
  async run(p) {
    const { way } = this.params;
    await p.stage("Load", () => p.status("loading"));
    await p.stage("Work", async () => {
      for (const n of p.track(Array.from({ length: ${LINES} }, (_, n) => n))) p.log("line " + n);
      if (way === "wait") await sleep(60_000, undefined, { signal: p.signal });
      if (way === "fail") throw new Error("it fails");
    });
    if (way === "chain") p.chainTo(Mixed, { way: "succeed" });
    else p.result({ lines: ${LINES} });
  }
}
`,
};

/** The lines and ends that one watcher received. */
class Seen {
  gaps = 0;
  readonly #lines = new Map<string, number>();
  readonly #ended = new Set<string>();

  take(line: WatchLine): void {
    if (line.type === "log") for (const { n } of line.lines) this.#line(line.id, n);
    else if (line.type === "changed" && line.patch.state && isFinal(line.patch.state))
      this.#ended.add(line.id);
    else if (line.type === "snapshot")
      for (const { id, state } of line.operations) if (isFinal(state)) this.#ended.add(id);
  }

  #line(id: string, n: number): void {
    if (n !== (this.#lines.get(id) ?? 0) + 1) this.gaps++;
    this.#lines.set(id, n);
  }

  missed(ids: readonly string[], lines: ReadonlyMap<string, number> | null): number {
    const lacks = (id: string) => lines !== null && (this.#lines.get(id) ?? 0) !== lines.get(id);
    return ids.filter((id) => !this.#ended.has(id) || lacks(id)).length;
  }
}

export default async function soakWatchers({ quick }: MeasureOptions): Promise<Row[]> {
  const seconds = quick ? 20 : 1200;
  const world = await benchWorld({ ops: MIXED });
  const enough = new AbortController();
  const sizes: number[] = [];
  const watchers: Array<{ seen: Seen; withLog: boolean; done: Promise<void> }> = [];
  try {
    for (let n = 0; n < WATCHERS; n++) watchers.push(follow(world.client, n % 2 === 0, enough.signal));
    const ids: string[] = [];
    const start = performance.now();
    for (let n = 0; performance.now() - start < seconds * 1000; n++) {
      ids.push(await submit(world.client, n));
      if (n % PER_SECOND === 0) sizes.push(memoryOf(world.pid).rss);
      const wait = start + (n * 1000) / PER_SECOND - performance.now();
      if (wait > 0) await sleep(wait);
    }
    await untilIdle(world.client);
    const lines = new Map<string, number>();
    for (const id of ids) lines.set(id, (await world.client.show(id)).logLines);
    // Wait until all watchers have read the last lines.
    await sleep(2000);
    enough.abort();
    await Promise.all(watchers.map(({ done }) => done));
    const gaps = watchers.reduce((sum, { seen }) => sum + seen.gaps, 0);
    const missed = watchers.reduce(
      (sum, { seen, withLog }) => sum + seen.missed(ids, withLog ? lines : null),
      0,
    );
    return rows(sizes, ids.length, gaps + missed, seconds);
  } finally {
    enough.abort();
    world.stop();
  }
}

async function untilIdle(client: Client): Promise<void> {
  for (;;) {
    const { queued, running } = (await client.daemon()).counts;
    if (queued + running === 0) return;
    await sleep(100);
  }
}

function follow(client: Client, withLog: boolean, signal: AbortSignal) {
  const seen = new Seen();
  const read = async () => {
    for await (const line of client.watch(withLog ? { log: true } : {}, signal)) seen.take(line);
  };
  const done = read().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return { seen, withLog, done };
}

async function submit(client: Client, n: number): Promise<string> {
  const way = n % 10 === 3 ? "fail" : n % 10 === 6 ? "chain" : n % 10 === 9 ? "wait" : "succeed";
  const { id } = await client.submit({ op: "mixed", params: { way } }, newId());
  if (way === "wait") await client.cancel(id);
  return id;
}

function rows(sizes: number[], operations: number, missed: number, seconds: number): Row[] {
  const third = Math.floor(sizes.length / 3);
  const [middle, last] = [sizes.slice(third, 2 * third), sizes.slice(2 * third)];
  const load = `${operations} operations in ${seconds} s, ${WATCHERS} watchers`;
  return [
    {
      name: "daemon's memory under mixed load with 50 watchers, last third",
      unit: "MB",
      ours: median(last),
      reference: { what: "middle third", value: median(middle) },
      ratio: median(last) / median(middle),
      spread: quartiles(last.map((size) => size / median(middle))),
      goal: { of: "ratio", atMost: 1.1 },
      notes: `Rss of smaps_rollup once a second; ${load}`,
    },
    {
      name: "log lines and ends that a watcher missed",
      unit: "",
      ours: missed,
      reference: null,
      ratio: null,
      spread: null,
      goal: { of: "ours", atMost: 0 },
      notes: load,
    },
  ];
}
