/** `liveops status`: the state of all operations in one line. */
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import type { OverallProgress } from "../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../protocol/operation.js";
import { isAsked } from "../describe/waits.js";
import { addCommand } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import { expectedProgress } from "../terminal/time-left.js";
import { connectFor } from "./connection.js";
import { liveSnapshot } from "./list-pages.js";
import { readWaits } from "./read-waits.js";

/** Milliseconds in which a failure counts. */
const FAILED_MS = 24 * 3_600_000;

interface StatusFacts {
  running: number;
  queued: number;
  /** Operations that failed in the last day. */
  failed: number;
  /** Operations that wait for an approval or for input. */
  toAnswer: number;
  /** What ended or is wrong, and nobody has looked at: `tui/describe/waits.ts`. */
  fresh: number;
  /** The running operation that started last; null: none runs. */
  current: Operation | null;
  /** Progress of that operation. */
  overall: OverallProgress | null;
}

export function registerStatus(root: Command): void {
  addCommand(root, "status", "Print the state of all operations in one line", [
    "liveops status",
    "liveops status --json | jq .failed",
  ])
    .option("--json", "Print the counts and the newest running operation as JSON")
    .action(async (_options: object, command: Command) => {
      const { client, options, stateDir } = await connectFor<{ json?: boolean }>(command);
      const facts = await readFacts(client, stateDir);
      process.stdout.write(`${options.json ? jsonLine(publicFacts(facts)) : summaryOf(facts)}\n`);
    });
}

/** `2 running · 1 queued · 1 failed`, without what is 0. */
function summaryOf({ running, queued, toAnswer, failed, fresh }: StatusFacts): string {
  const parts: Array<[number, string]> = [
    [running, "running"],
    [queued, "queued"],
    [toAnswer, "to answer"],
    [failed, "failed"],
    [fresh, "new"],
  ];
  const words = parts.flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`]));
  return words.join(" · ") || "idle";
}

async function readFacts(client: Client, stateDir: string): Promise<StatusFacts> {
  const finishedSince = new Date(client.now() - FAILED_MS).toISOString();
  const live = liveSnapshot(client, {});
  const [{ operations, counts: known }, failed, waits] = await Promise.all([
    live,
    client.list({ state: ["failed"], parent: "none", finishedSince, limit: 1 }),
    readWaits(client, stateDir, null, live),
  ]);
  const outer = operations.filter((it) => it.state === "running" && it.parent === undefined);
  const [current = null] = outer.toSorted((a, b) =>
    (a.startedAt ?? "") < (b.startedAt ?? "") ? 1 : -1,
  );
  const counts = {
    running: known.running,
    queued: known.queued,
    toAnswer: known.toAnswer,
    failed: failed.total,
    fresh: waits.filter((it) => !isAsked(it)).length,
  };
  if (current === null) return { ...counts, current, overall: null };
  const forecast = await client.forecast().catch(() => null);
  const expected = forecast?.operations[current.id];
  return { ...counts, current, overall: expectedProgress(current, expected, client.now()) };
}

/** The value of `--json`. A share that is not known is null. */
function publicFacts({ running, queued, toAnswer, failed, fresh, current, overall }: StatusFacts) {
  const isKnown = overall !== null && (overall.known || overall.percent >= 1);
  const named = current && {
    id: current.id,
    op: current.op,
    title: current.title,
    label: current.label,
    stage: current.untrackedStage ?? current.stages[current.currentStage] ?? null,
    percent: isKnown ? Math.floor(overall.percent) : null,
  };
  return { running, queued, toAnswer, failed, new: fresh, current: named };
}
