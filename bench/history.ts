/**
 * Start-up and memory of the daemon with 100,000 finished operations against the same with 100, and how long a page
 * and a filtered page of the list take.
 *
 *     npm run build && npx tsx bench/history.ts [operations]
 *
 * The state dirs are made through the store itself, sealed as a checkpoint seals them.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Decision } from "../daemon/store/decision.js";
import { prepareStateDir } from "../daemon/store/directories.js";
import { layoutOf } from "../daemon/store/layout.js";
import { Store } from "../daemon/store/store.js";
import { Client } from "../protocol/client/client.js";
import type { DaemonFact } from "../protocol/fact.js";
import { fold } from "../protocol/fold.js";
import { newId } from "../protocol/id.js";
import { percentile } from "./harness/percentile.js";
import { bin, node } from "./harness/world.js";

const MANY = Number(process.argv[2] ?? 100_000);
const FEW = 100;
const ROUNDS = 7;
const LIMIT = 2;

async function fill(dir: string, count: number): Promise<void> {
  const layout = layoutOf(dir);
  prepareStateDir(layout);
  const store = new Store({
    layout,
    onChange: () => {},
    onBroken: (error) => {
      throw error;
    },
  });
  await store.start();
  const at = new Date().toISOString();
  for (let done = 0; done < count; done += 1000) {
    const batch: Array<Promise<void>> = [];
    for (let n = done; n < Math.min(count, done + 1000); n++) {
      for (const decision of finished(n, at)) batch.push(store.decide(decision));
    }
    await Promise.all(batch);
  }
  await store.stop();
}

function finished(n: number, at: string): Decision[] {
  const id = newId();
  const operation = {
    id,
    op: n % 3 ? "backup" : "shell",
    title: "Bench",
    label: `number ${n}`,
    cwd: "/",
    params: { n },
    stages: ["One"],
    chain: { id, index: 0, previous: null, next: null },
  };
  const submitted = { type: "operation:submitted", seq: 1, at, attempt: 0, operation } as const;
  const state = n % 10 ? "succeeded" : "failed";
  const settled: Extract<DaemonFact, { type: "operation:settled" }> = {
    type: "operation:settled",
    seq: 2,
    at,
    attempt: 0,
    state,
    result: { n },
    error: null,
    next: null,
  };
  return [
    { kind: "submitted", fact: submitted, env: {}, key: null },
    { kind: "settled", id, fact: settled, record: fold(fold(null, submitted), settled), successor: null },
  ];
}

/** Milliseconds from `liveopsd start` to its return, and the daemon's memory. */
async function start(dir: string): Promise<{ ms: number; rss: number; client: Client; stop: () => void }> {
  const env = { ...process.env, HOME: dir, LIVEOPS_STATE_DIR: dir, LIVEOPS_SOCKET: join(dir, "s") };
  const before = performance.now();
  execFileSync(node, [bin("liveopsd"), "start"], { env, stdio: "ignore" });
  const ms = performance.now() - before;
  const client = new Client(join(dir, "s"));
  const { memory } = await client.daemon();
  return {
    ms,
    rss: memory.rss,
    client,
    stop: () => execFileSync(node, [bin("liveopsd"), "stop"], { env, stdio: "ignore" }),
  };
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await task();
  return performance.now() - before;
}

const root = mkdtempSync(join(tmpdir(), "liveops-bench-"));
const [few, many] = [join(root, "few"), join(root, "many")];
try {
  await fill(few, FEW);
  await fill(many, MANY);
  const times: Record<string, number[]> = { few: [], many: [] };
  const memory: Record<string, number[]> = { few: [], many: [] };
  const pages: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, dir] of [
      ["few", few],
      ["many", many],
    ] as const) {
      const { ms, rss, client, stop } = await start(dir);
      times[name]!.push(ms);
      memory[name]!.push(rss / 1e6);
      if (name === "many") {
        pages.push(await timed(() => client.list({ limit: 20 })));
        pages.push(
          await timed(() => client.list({ limit: 20, op: "shell", state: ["failed"], q: "number 9" })),
        );
      }
      stop();
    }
  }
  const median = (values: number[]) => percentile(values, 0.5);
  const ratio = median(times.many!) / median(times.few!);
  console.log(
    `start, ${FEW} finished      ${median(times.few!).toFixed(0)} ms, ${median(memory.few!).toFixed(0)} MB`,
  );
  console.log(
    `start, ${MANY} finished   ${median(times.many!).toFixed(0)} ms, ${median(memory.many!).toFixed(0)} MB`,
  );
  console.log(
    `ratio                    ${ratio.toFixed(2)} (at most ${LIMIT}), memory ${(median(memory.many!) / median(memory.few!)).toFixed(2)}`,
  );
  console.log(
    `a page of the list       p50 ${median(pages).toFixed(1)} ms, slowest ${Math.max(...pages).toFixed(1)} ms`,
  );
  process.exitCode = ratio <= LIMIT ? 0 : 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
