/** A chain that ran: a backup whose worker was lost once, then its verification. As events and lines, at fixed times. */

import type { Operation } from "../../../protocol/operation.js";
import { reduceEvent, reduceLogLine } from "../../../protocol/reduce.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import { Story } from "../../harness/records.js";
import { ago } from "./operations.js";
import type { World } from "./world.js";

export const CHAIN = { first: "backupaaaaaa", second: "verifybbbbbb" } as const;

const BACKUP = { op: "backup", title: "Back up a folder", stages: ["Scan", "Archive", "Checksum"] };
const VERIFY = { op: "verify-backup", title: "Verify a backup", stages: ["Read", "Compare"] };

/** Seconds before now at which the chain was submitted. */
const BEGAN = 120;
const at = (second: number) => ago(BEGAN - second);

/** Each line stands a second after the one before, but for those that say another time. */
function timed(lines: EventLine[], from: number, seconds: readonly number[]): EventLine[] {
  return lines.map((line, i) => (line.type === "end" ? line : { ...line, at: at(from + (seconds[i] ?? i)) }));
}

export function backupLines(): EventLine[] {
  const story = new Story({ id: CHAIN.first, ...BACKUP }).started().entered("Scan", 0).left("Scan", 0);
  story.entered("Archive", 1).log("archived photos/1.jpg");
  story.event({ type: "attempt:requeued", reason: "its worker process died", retryAt: null }).started(2);
  story.entered("Scan", 0).left("Scan", 0, "done", true).entered("Archive", 1);
  const progress = (done: number) =>
    story.event({
      type: "progress:changed",
      percent: done,
      progress: { done, total: 100, unit: "file", label: null, rate: 5, etaSeconds: (100 - done) / 5 },
    });
  progress(10).log("archived photos/2.jpg");
  progress(55).log("archived photos/3.jpg");
  progress(100).left("Archive", 1).entered("Checksum", 2).left("Checksum", 2);
  story.finished("succeeded", { files: 100 }, CHAIN.second);
  const seconds = [0, 2, 2, 4, 4, 10, 15, 18, 18, 18, 18, 24, 24, 35, 40, 52, 54, 54, 60, 61];
  return timed(story.lines, 0, seconds);
}

export function verifyLines(): EventLine[] {
  const chain = { id: CHAIN.first, index: 1, previous: CHAIN.first, next: null };
  const story = new Story({ id: CHAIN.second, ...VERIFY, chain }).started().entered("Read", 0);
  story.log("reading the manifest").left("Read", 0).entered("Compare", 1);
  story.event({ type: "status:changed", status: { text: "all 100 files agree", level: "success" } });
  story.left("Compare", 1).finished("succeeded", { agreed: 100 });
  return timed(story.lines, 61, [0, 1, 1, 5, 20, 20, 30, 31, 31]);
}

/** The record that the events make, with the times that they have. */
function recordOf(lines: readonly EventLine[]): Operation {
  let record: Operation | null = null;
  for (const line of lines) {
    if (line.type === "end") continue;
    record = line.type === "log:line" ? reduceLogLine(record!, line) : reduceEvent(record, line);
  }
  return record!;
}

/** Puts the chain into the world, and answers for its stored events. The first `broken` requests lose their connection. */
export function tellChain(world: World, { broken = 0 } = {}): void {
  let asked = 0;
  const told = { [CHAIN.first]: backupLines(), [CHAIN.second]: verifyLines() };
  for (const lines of Object.values(told)) world.put(recordOf(lines));
  world.histories.set(BACKUP.op, { next: [{ op: VERIFY.op, title: VERIFY.op, runs: 1 }] });
  world.daemon.on("GET", /\/events$/, ({ path }, reply) => {
    if (asked++ < broken) return reply.break();
    const stream = reply.stream();
    for (const line of told[path.split("/")[3]! as keyof typeof told] ?? []) stream.line(line);
    stream.end();
  });
}
