/** What a channel sends: one notice, or one summary of several. Pure. */

import type { Notice } from "../../../protocol/notices.js";
import { count } from "../../../protocol/text/count.js";

export interface Message {
  /** The same for a repeated delivery. */
  id: string;
  event: Notice["event"] | "summary";
  at: string;
  title: string;
  /** Reason and place, without the commands. */
  lines: string[];
  /** Commands that go on from here. */
  next: string[];
  /** A person should act soon. */
  isUrgent: boolean;
  notices: readonly Notice[];
}

/** Most notices that a summary lists. */
const MOST_LISTED = 10;

const CALM: ReadonlySet<Notice["event"]> = new Set(["finished", "odd", "test"]);

/** @param notices at least one, the oldest first. @param host where it happened */
export function messageOf(notices: readonly Notice[], host: string): Message {
  const [first] = notices;
  const last = notices.at(-1)!;
  if (notices.length === 1) {
    const { id, event, at, title, reason, where, next } = last;
    const lines = [...reason, where].filter((line) => line !== "");
    return { id, event, at, title, lines, next, isUrgent: !CALM.has(event), notices };
  }
  const listed = notices.slice(0, MOST_LISTED);
  const more = notices.length - listed.length;
  const lines = listed.map(({ title, operation }) =>
    operation === null ? title : `${title}  ${operation.id}`,
  );
  if (more > 0) lines.push(`and ${count(more, "more notice")}`);
  return {
    id: `${first!.id}-${last.id}`,
    event: "summary",
    at: last.at,
    title: `${notices.length} notices from ${host}: ${countsOf(notices)}`,
    lines,
    next: ["liveops ls", "liveops"],
    isUrgent: notices.some(({ event }) => !CALM.has(event)),
    notices,
  };
}

/** `5 failed, 2 stalled` */
function countsOf(notices: readonly Notice[]): string {
  const counts = new Map<Notice["event"], number>();
  for (const { event } of notices) counts.set(event, (counts.get(event) ?? 0) + 1);
  return [...counts].map(([event, n]) => `${n} ${event}`).join(", ");
}

/** The whole text below the title. */
export function bodyOf({ lines, next }: Message): string {
  return [...lines, ...next.map((command) => `$ ${command}`)].join("\n");
}
