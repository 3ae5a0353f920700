/** What leaves a `Why` before anybody sees it: secrets, and what is over its size. */
import { Masker } from "../../../ops/secrets/masker.js";
import { MOST_WHY, type Why } from "../../../protocol/features/why/why.js";
import type { Entry } from "../../store/decision.js";
import type { Secrets } from "../../store/submitted-secrets.js";

const SECRET_NAME = /token|secret|passw|credential|api_?key|private_?key/i;
/** `password = hunter2` in a line of a file, but no reference such as `$PASSWORD` or `env:TOKEN`. */
const ASSIGNED =
  /((?:token|secret|passw(?:or)?d|credentials?|api[_-]?key|private[_-]?key)["']?\s*[:=]\s*)(["']?)(?!\$|env:|file:|\*\*\*)[^\s"']{4,}/gi;
/** `Authorization: Bearer abc`. */
const IN_HEADER =
  /(authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token)\s+)?)(?!\$|bearer|basic|token)[^\s"']{4,}/gi;
/** `https://user:password@host`. */
const IN_ADDRESS = /(\w+:\/\/[^\s:/@]*:)[^\s:/@]+(?=@)/g;

/** Masks the values of secret parameters, and of variables with the name of a secret. */
export function maskerOf({ env }: Pick<Entry, "env">, secrets: Secrets | undefined): Masker {
  const masker = new Masker();
  const named = Object.entries(env).flatMap(([name, value]) => (SECRET_NAME.test(name) ? value : []));
  for (const value of [...Object.values(secrets ?? {}), ...named]) masker.add(value);
  return masker;
}

export function cleaner(masker: Masker): (text: string) => string {
  return (text) =>
    masker.mask(text).replace(ASSIGNED, "$1$2***").replace(IN_HEADER, "$1***").replace(IN_ADDRESS, "$1***");
}

export function withoutSecrets(why: Why, masker: Masker): Why {
  const { id, op, state, ...rest } = why;
  return { id, op, state, ...withTexts(rest, cleaner(masker)) };
}

/** The value with each text in it changed. */
function withTexts<T>(value: T, change: (text: string) => string): T {
  const changed = (each: unknown): unknown => {
    if (typeof each === "string") return change(each);
    if (Array.isArray(each)) return each.map(changed);
    if (typeof each !== "object" || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, of]) => [key, changed(of)]));
  };
  return changed(value) as T;
}

/** What gives way, the least first. */
const SHORTER: ReadonlyArray<(why: Why) => Why> = [
  (why) => ({ ...why, changes: why.changes.map((each) => ({ ...each, diff: each.diff?.slice(0, 4) })) }),
  (why) => ({
    ...why,
    changes: why.changes.slice(0, 12),
    waits: why.waits.slice(0, 12),
    left: why.left.slice(0, 20),
    ran: why.ran.slice(0, 20),
  }),
  (why) => cut(why, 160),
  (why) => ({ ...why, changes: why.changes.slice(0, 5), left: [], ran: [], notes: why.notes.slice(0, 3) }),
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
