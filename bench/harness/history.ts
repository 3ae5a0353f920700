/** Makes a state directory with finished operations, written by the real store and sealed by a checkpoint. */
import { Bus } from "../../daemon/bus.js";
import { SealedEvents } from "../../daemon/run-files/sealed-events.js";
import { WorkerEvents } from "../../daemon/run-files/worker-events.js";
import { type Decision, runStateOf } from "../../daemon/store/decision.js";
import { prepareStateDir } from "../../daemon/store/directories.js";
import { EmbeddedStore } from "../../daemon/store/embedded-store.js";
import { layoutOf } from "../../daemon/store/layout.js";
import type { DaemonEvent } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import { reduceEvent } from "../../protocol/reduce.js";

export async function fillHistory(dir: string, count: number): Promise<void> {
  const layout = layoutOf(dir);
  prepareStateDir(layout);
  const bus = new Bus();
  bus.on("broken", (error) => {
    throw error;
  });
  const attemptEvents = new SealedEvents(layout, new WorkerEvents(layout.workers), (problem) => {
    throw new Error(problem);
  });
  const store = new EmbeddedStore({ layout, bus, attemptEvents });
  await store.start();
  const at = new Date().toISOString();
  for (let done = 0; done < count; done += 1000) {
    const batch: Array<Promise<void>> = [];
    for (let n = done; n < Math.min(count, done + 1000); n++) {
      batch.push(store.decideAll(finished(n, at).map((decision) => ({ decision, version: null }))));
    }
    await Promise.all(batch);
  }
  await store.stop();
}

function finished(n: number, at: string): Decision[] {
  const submitted = submission(n, at);
  const finished: Extract<DaemonEvent, { type: "operation:finished" }> = {
    type: "operation:finished",
    seq: 2,
    at,
    attempt: 0,
    state: n % 10 ? "succeeded" : "failed",
    result: { n },
    error: null,
    next: null,
  };
  const { id } = submitted.event.operation;
  const runState = runStateOf(reduceEvent(null, submitted.event));
  return [submitted, { kind: "finished", id, event: finished, runState, successor: null }];
}

/** The decision of a submit. */
function submission(n: number, at: string): Extract<Decision, { kind: "submitted" }> {
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
  const event = { type: "operation:submitted", seq: 1, at, attempt: 0, operation } as const;
  return { kind: "submitted", event, env: {}, key: null };
}
