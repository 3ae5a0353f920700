/** An operation that a host of a real fleet runs, for tests of its run files. */
import { randomUUID } from "node:crypto";
import type { FleetEngine } from "../../../../daemon/features/fleet/engine/fleet-engine.js";
import { indexOf } from "../../../../daemon/features/fleet/engine/indexed.js";
import type { Candidate } from "../../../../daemon/features/fleet/engine/rows.js";
import { AT, submission } from "../../../harness/records.js";

/** Joins as the host `name`. */
export async function joinAs(engine: FleetEngine, name: string): Promise<FleetEngine> {
  await engine.join({ name, owner: name, tags: [], slots: 2, version: "1.0.0", lostAfter: 300 });
  return engine;
}

/** Submits the operation and claims it. Returns the fence of its first attempt. */
export async function runOn(engine: FleetEngine, id: string): Promise<number> {
  const operation = submission({ id, queue: "default", priority: 0 });
  const event = { type: "operation:submitted", seq: 1, at: AT, attempt: 0, operation } as const;
  const decision = { kind: "submitted", event, env: {}, key: null } as const;
  const items = [{ decision, expect: null, index: indexOf(operation) }];
  const groups = [{ items, token: randomUUID() }];
  const { verdicts } = await engine.exchange({ groups, claim: null, after: 0 });
  const expect = verdicts[0]!.n!;
  const started = { kind: "started", id, event: { slot: 1 }, policy: {}, uptime: 1 };
  const candidate = {
    id,
    expect,
    attempt: 1,
    decision: started as unknown as Candidate["decision"],
  };
  const claim = { candidates: [candidate], workers: [{ workerId: "w1" }], token: randomUUID() };
  const { claims } = await engine.exchange({ groups: [], claim, after: 0 });
  return claims[0]!.fence;
}
