/** The stage values that earlier attempts left in their facts, for the one that resumes. */
import { join } from "node:path";
import type { KeptValue } from "../../ops/api/stage-values.js";
import type { WorkerFact } from "../../protocol/fact.js";
import { parseRecord } from "../../protocol/record-line.js";
import { eventsFile } from "./names.js";
import { Tail } from "./tail.js";

/** Oldest first. A fact that is damaged leaves its stage to run again. */
export function* keptValues(runDir: string, before: number): Generator<KeptValue> {
  for (let attempt = 1; attempt < before; attempt++) {
    const found: KeptValue[] = [];
    const look = (line: string) => {
      if (!line.includes('"stage:left"')) return;
      const fact = parseRecord<WorkerFact>(line);
      if (fact?.type === "stage:left" && fact.state === "done" && fact.value)
        found.push({ attempt, stage: fact.stage, ...fact.value });
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
