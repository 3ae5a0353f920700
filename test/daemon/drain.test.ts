/** A drained host starts no operations, whatever its queues do, until it is undone or the daemon restarts. */
import { appendFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { useDaemon } from "../harness/daemon.js";

const OPS = {
  "gate.mjs": `
    import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { LiveOperation, z } from "liveops";
    export class Gate extends LiveOperation {
      static params = z.object({ file: z.string().optional(), next: z.boolean().default(false) });
      async run(p) {
        const { file, next } = this.params;
        while (file && !existsSync(file)) await delay(10, undefined, { signal: p.signal });
        if (next) p.chainTo(Gate, {});
      }
    }`,
};

const daemon = useDaemon({ ops: OPS });
const { client, world } = daemon;

test("running operations continue, queued ones and the next of a chain wait with the reason", async () => {
  const file = join(world.dir, "go");
  const running = await daemon.submit("gate", { params: { file, next: true } });
  await vi.waitFor(async () => expect((await client.show(running.id)).state).toBe("running"), 60_000);
  const { hosts } = await client.drain({ draining: true });
  expect(hosts).toMatchObject([{ name: hostname(), draining: true, running: 1, slots: 2 }]);
  const queued = await daemon.submit("gate");
  const reason = `${hostname()} is drained; start operations again with: liveops drain --undo`;
  expect(await client.show(queued.id)).toMatchObject({ state: "queued", blocked: { reason } });
  // A pause and its end do not undo the drain.
  await client.pauseQueue();
  await client.resumeQueue();
  appendFileSync(file, "");
  expect(await daemon.untilFinished(running.id)).toMatchObject({ state: "succeeded" });
  const { next } = (await client.show(running.id)).chain;
  expect(await client.show(next!)).toMatchObject({ state: "queued", blocked: { reason } });
  await vi.waitFor(
    async () => expect(await client.daemon()).toMatchObject({ draining: true, running: 0 }),
    60_000,
  );
  const [undone] = (await client.drain({ draining: false })).hosts;
  expect(undone!.draining).toBe(false);
  for (const id of [queued.id, next!])
    expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded" });
  const { counters } = (await client.hosts()).hosts[0]!;
  expect(counters).toEqual({ claimed: 3, finished: 3, requeued: 0, fenced: 0, shippedBytes: 0 });
});

test("a watcher is told that a queued operation waits for the host, and a restart undoes the drain", async () => {
  const params = { file: join(world.dir, "go-on") };
  const holding = [await daemon.submit("gate", { params }), await daemon.submit("gate", { params })];
  const second = await daemon.submit("gate");
  const ended = new AbortController();
  const told = (async () => {
    for await (const line of client.watch({}, ended.signal))
      if (line.type === "changed" && line.id === second.id && line.patch.blocked) return line.patch.blocked;
    return null;
  })();
  await client.drain({ draining: true });
  expect((await told)?.reason).toContain("drain --undo");
  ended.abort();
  await daemon.stop();
  await daemon.startAgain();
  expect((await client.daemon()).draining).toBe(false);
  appendFileSync(params.file, "");
  for (const { id } of [...holding, second])
    expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded" });
});
