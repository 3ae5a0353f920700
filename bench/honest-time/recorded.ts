/** Recorded runs: events of real operations, with those of their earlier runs. */
import { readdirSync, readFileSync } from "node:fs";
import { paramsKey } from "../../protocol/estimate/usual.js";
import type { OperationEvent } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { reduceEvent } from "../../protocol/reduce.js";
import type { Run } from "./made-up.js";
import { played, type Told } from "./play.js";

const DIRECTORY = new URL("recordings/", import.meta.url);

/**
 * Each file has runs of one type, the oldest first: one event a line, and an empty line after a
 * run.
 */
export function recordedScenes(): Array<{
  name: string;
  plays: Told[][];
  withoutHistory: Told[][];
}> {
  return readdirSync(DIRECTORY)
    .sort()
    .map((file) => {
      const runs = readFileSync(new URL(file, DIRECTORY), "utf8").trim().split("\n\n").map(runOf);
      const play = (run: Run, earlier: Run[]) =>
        played([
          { run, earlier: earlier.map(({ record }) => record), params: paramsKey(run.record) },
        ]);
      return {
        name: `recorded: ${file.replace(".ndjson", "")}`,
        plays: runs.slice(1).map((run, n) => play(run, runs.slice(0, n + 1))),
        withoutHistory: runs.map((run) => play(run, [])),
      };
    });
}

function runOf(text: string): Run {
  const events = text.split("\n").map((line) => JSON.parse(line) as OperationEvent);
  const record = events.reduce<Operation | null>(
    (before, event) => reduceEvent(before, event),
    null,
  );
  return { before: null, events, record: record! };
}
