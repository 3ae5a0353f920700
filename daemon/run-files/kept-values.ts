/** The stage values that earlier attempts left in their events, for the one that resumes. */
import { join } from "node:path";
import type { KeptValue } from "../../ops/runner/stage-values.js";
import type { WorkerEvent } from "../../protocol/event.js";
import { parseRecord } from "../../protocol/record-line.js";
import { eventsFile } from "./names.js";
import { Tail } from "./tail.js";

/** Oldest first. An event that is damaged leaves its stage to run again. */
export function* keptValues(runDir: string, before: number): Generator<KeptValue> {
  for (let attempt = 1; attempt < before; attempt++) {
    const found: KeptValue[] = [];
    const look = (line: string) => {
      if (!line.includes('"stage:left"')) return;
      const event = parseRecord<WorkerEvent>(line);
      if (event?.type === "stage:left" && event.state === "done" && event.value)
        found.push({ attempt, stage: event.stage, ...event.value });
    };
    const tail = new Tail(eventsFile(join(runDir, String(attempt))));
    try {
      tail.read(look);
    } finally {
      tail.close();
    }
    yield* found;
  }
}
