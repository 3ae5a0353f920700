/** What leaves a `Why` before anybody sees it: secrets, and what is over its size. */
import type { Masker } from "../../../ops/secrets/masker.js";
import { MOST_WHY, type Why } from "../../../protocol/why.js";

export function withoutSecrets(why: Why, masker: Masker): Why {
  const { id, op, state, ...rest } = why;
  return { id, op, state, ...withTexts(rest, (text) => masker.maskOutgoing(text)) };
}

/** The value with each text in it changed. */
function withTexts<T>(value: T, change: (text: string) => string): T {
  return JSON.parse(JSON.stringify(value), (_key, each) =>
    typeof each === "string" ? change(each) : each,
  ) as T;
}

/** What gives way, the least first. */
const SHORTER: ReadonlyArray<(why: Why) => Why> = [
  (why) => ({
    ...why,
    changes: why.changes.map((each) => ({ ...each, diff: each.diff?.slice(0, 4) })),
  }),
  (why) => ({
    ...why,
    changes: why.changes.slice(0, 12),
    waits: why.waits.slice(0, 12),
    left: why.left.slice(0, 20),
    ran: why.ran.slice(0, 20),
  }),
  (why) => cut(why, 160),
  (why) => ({
    ...why,
    changes: why.changes.slice(0, 5),
    left: [],
    ran: [],
    notes: why.notes.slice(0, 3),
  }),
  (why) => cut(why, 40),
];

/** At most 16 KiB as JSON. */
export function bounded(why: Why): Why {
  let shorter = why;
  for (const shorten of SHORTER) {
    if (Buffer.byteLength(JSON.stringify(shorter)) <= MOST_WHY) return shorter;
    shorter = shorten(shorter);
  }
  return shorter;
}

function cut(why: Why, most: number): Why {
  return withTexts(why, (text) => (text.length <= most ? text : `${text.slice(0, most)}…`));
}
