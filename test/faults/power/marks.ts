/**
 * What the clients of a recorded workload asked for, and what they saw, written down in the order
 * of the recording.
 */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { State } from "../../../protocol/state.js";

/** An operation as a client submits it. */
export interface Draft {
  op: string;
  label: string;
  queue: string | undefined;
  links: number;
  /** Lines of the log of each link. */
  lines: number;
  /** Characters of the large value in the result, and of the text among the parameters. */
  size: number;
  read: number;
}

export type Mark =
  /** A request that is about to be sent: from here on it may have an effect. */
  | { asked: "cancel" | "retry" | "remove"; id: string }
  | { asked: "submit"; key: string; drafts: Draft[] }
  | { asked: "edit"; id: string; priority: number }
  | { asked: "queue"; concurrency: number }
  | { asked: "schedule"; name: string }
  /** The daemon's reply to it. */
  | { acknowledged: "submit"; key: string; ids: string[] }
  | { acknowledged: "cancel" | "retry" | "remove"; id: string }
  | { acknowledged: "edit"; id: string; priority: number }
  | { acknowledged: "queue"; concurrency: number }
  | { acknowledged: "schedule"; name: string }
  /** A record as a watcher saw it. */
  | { shown: string; state: State; attempt: number; done: string[]; next: string | null };

/** The operations, which all write to `<dir>/side`, and the marks in `<dir>/marks`. */
export const sideFile = (dir: string) => `${dir}/side`;
export const marksFile = (dir: string) => `${dir}/marks`;

/** The queue that clients change, and the one that holds what is never started. */
export const LANE = "lane";
export const HELD = "held";

/** A log of some lines has several parts. */
export const CONFIG = {
  maxLog: 64 * 1024,
  queues: { [LANE]: { concurrency: 2 }, [HELD]: { concurrency: 2 } },
};

/** Submits one draft or a batch; the same key makes the same operations. */
export function submit(
  client: Client,
  dir: string,
  key: string,
  drafts: readonly Draft[],
): Promise<Operation[]> {
  const bodies = drafts.map(({ op, label, queue, links, lines, size, read }) => ({
    ...{ op, label, queue },
    params: { side: sideFile(dir), links, lines, size, text: "t".repeat(read) },
  }));
  return bodies.length === 1
    ? client.submit(bodies[0]!, key).then((one) => [one])
    : client.submit(bodies, key);
}
