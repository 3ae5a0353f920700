/** The renewals of a host's lease, and what a host takes from them about its peers. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LostWritesError } from "../../../daemon/features/fleet/engine/errors.js";
import type { FleetEngine } from "../../../daemon/features/fleet/engine/fleet-engine.js";
import type { HostRow } from "../../../daemon/features/fleet/engine/rows.js";
import { Lease } from "../../../daemon/features/fleet/host/lease.js";
import { Peers } from "../../../daemon/features/fleet/host/peers.js";
import { HostSession } from "../../../daemon/features/fleet/host/session.js";
import type { Log } from "../../../daemon/log/log.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
type Options = ConstructorParameters<typeof HostSession>[0];

/** Resolves after this many renewals. */
async function renewals(
  count: number,
  renew: FleetEngine["renew"],
  over: Partial<Options>,
): Promise<void> {
  const dir = directory();
  const reached = Promise.withResolvers<void>();
  let renewed = 0;
  const engine = {
    join: async () => ({ session: 1, draining: false }),
    renew: async () => {
      if (++renewed === count) reached.resolve();
      return renew();
    },
    describe: () => "an engine",
  };
  const session = new HostSession({
    engine: engine as unknown as FleetEngine,
    lease: new Lease(join(dir, "lease"), 3),
    join: { name: "a", owner: "o", tags: [], slots: 1, version: "1", lostAfter: 3 },
    log: { info: () => {}, error: () => {} } as unknown as Log,
    status: () => ({}),
    onRenewed: async () => {},
    onMissed: () => {},
    onOver: async () => {},
    onJoined: () => {},
    onLostWrites: () => {},
    ...over,
  });
  await session.start();
  await reached.promise;
  const stopped = session.stop();
  onTestFinished(() => stopped);
}

const RENEWED = { draining: false } as Awaited<ReturnType<FleetEngine["renew"]>>;

test("renewals go on while what follows from one takes long, such as a takeover", async () => {
  const isDone = Promise.withResolvers<void>();
  let calls = 0;
  const onRenewed = () => {
    calls++;
    return isDone.promise;
  };
  await renewals(3, async () => RENEWED, { onRenewed });
  expect(calls).toBe(1);
  isDone.resolve();
});

test("renewals go on while the engine waits for what the hosts know", async () => {
  let told = 0;
  const renew = async () => {
    throw new LostWritesError("a standby was promoted");
  };
  const onLostWrites = () => {
    told++;
    return new Promise<void>(() => {});
  };
  await renewals(3, renew, { onLostWrites });
  expect(told).toBeGreaterThanOrEqual(2);
});

test("a peer is lost after a time that began when its last renewal was seen, not when it was asked for", () => {
  const peers = new Peers("a");
  const b = { name: "b", state: "up", session: 1, renewals: 7, lostAfter: 4 } as HostRow;
  // The engine answered late.
  expect(peers.look([b], 0, 5)).toEqual([]);
  expect(peers.look([b], 8.9, 9)).toEqual([]);
  expect(peers.look([b], 9, 9.1)).toEqual([b]);
});
