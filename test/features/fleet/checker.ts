/**
 * The laws of a fleet, checked on what happened: the effects of all attempts, and what each host
 * says at the end.
 *
 * Attempts are compared by the order of the effects in their file, which is the order in which they
 * were made; the clock is used only to tell whether a host was struck by a fault at that time.
 */
import { type FinalState, isFinal, type State } from "../../../protocol/state.js";
import type { Effect } from "./effects.js";

/** What a host says about an operation, as far as the laws need it. */
export interface Told {
  id: string;
  op: string;
  state: State;
  attempt: number;
  error: { code: string } | null;
  chain: { id: string; index: number; previous: string | null; next: string | null };
  logLines: number;
  params: Record<string, unknown>;
  finishedAt?: string | null;
  /** Host of the last attempt. */
  host?: string | null;
}

/**
 * A fault that may end work at a host: the host is dead, frozen or cut off. Times as `now()` of
 * effects.ts.
 */
export interface Strike {
  host: string;
  from: number;
  /** From then on, the host takes part again. */
  to: number;
}

/**
 * Time in ms after a crash of the engine until each host has shipped again what the crash took.
 * Lines of a host that dies before are lost, as docs/durability.md says.
 */
const SHIPPED_AGAIN_MS = 5000;

/**
 * An outcome that is older than this, in ms, when its host is struck was recorded before: it
 * counts.
 */
const RECORDED_MS = 5000;

export interface History {
  effects: readonly Effect[];
  /** Ids that a submit returned. */
  acknowledged: readonly string[];
  /** Each operation as each surviving host tells it, by host. */
  told: ReadonlyMap<string, readonly Told[]>;
  /** Numbers of the log lines by host and id, where the test read them. */
  logs?: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;
  strikes?: readonly Strike[];
  /** When the engine crashed, as `now()` of effects.ts. */
  crashes?: readonly number[];
  /** Whether an attempt after the first one is allowed. */
  isResumable: (told: Told) => boolean;
  /** Ids that a cancel was asked for. */
  cancelled?: ReadonlySet<string>;
}

export interface Violation {
  law:
    | "nothing lost"
    | "nothing twice"
    | "attempts do not overlap"
    | "fences ascend"
    | "hosts agree"
    | "logs are whole"
    | "chains are whole";
  id: string;
  detail: string;
}

/** Every violation, in the order of the laws. */
export function violations(history: History): Violation[] {
  const [first] = history.told.values();
  const records = new Map((first ?? []).map((told) => [told.id, told]));
  const effects = Map.groupBy(history.effects, ({ id }) => id);
  const found: Violation[] = [];
  const check = (law: Violation["law"], id: string, details: Iterable<string>) => {
    for (const detail of details) found.push({ law, id, detail });
  };
  for (const id of history.acknowledged)
    if (!records.has(id)) check("nothing lost", id, ["acknowledged, and no host has it"]);
  for (const id of effects.keys())
    if (!records.has(id)) check("nothing lost", id, ["it ran, and no host has it"]);
  for (const told of records.values()) {
    const own = effects.get(told.id) ?? [];
    check("nothing lost", told.id, lost(told, own, history));
    check("nothing twice", told.id, twice(told, own, history));
    check("attempts do not overlap", told.id, overlaps(own));
    check("fences ascend", told.id, fences(own));
    check("chains are whole", told.id, chain(told, records));
  }
  for (const [host, all] of history.told) check("hosts agree", host, disagreements(all, records));
  for (const [host, logs] of history.logs ?? [])
    for (const [id, numbers] of logs)
      if (!mayLackLines(effects.get(id) ?? [], history))
        check("logs are whole", id, holes(host, numbers, records.get(id)));
  return found;
}

/**
 * Whether an attempt was taken over from a host that was struck right after a crash of the engine.
 */
function mayLackLines(own: readonly Effect[], { crashes = [], strikes = [] }: History): boolean {
  const last = own.at(-1)?.attempt;
  const isAfterCrash = ({ from }: Strike) =>
    crashes.some((crash) => from >= crash && from - crash < SHIPPED_AGAIN_MS);
  const struck = new Set(strikes.filter(isAfterCrash).map(({ host }) => host));
  return own.some(({ attempt, host }) => attempt !== last && struck.has(host));
}

/**
 * Each operation is over, for a reason; a succeeded one has done every step, the last attempt the
 * last ones.
 */
function* lost(told: Told, own: readonly Effect[], history: History): Generator<string> {
  if (!isFinal(told.state)) return yield `it is still ${told.state}`;
  const state: FinalState = told.state;
  if (state === "cancelled" && !history.cancelled?.has(told.id))
    yield "cancelled, and nobody asked for it";
  if (state === "failed" && !mayFail(told, own, history))
    yield `failed without a fault: ${told.error?.code}`;
  if (state !== "succeeded") return;
  const last = own.filter(({ attempt }) => attempt === told.attempt);
  for (const what of ["begin", "end"] as const)
    if (!last.some((effect) => effect.what === what))
      yield `attempt ${told.attempt} has no ${what}`;
  const done = new Set(own.map(({ step }) => step));
  for (let step = 1; step <= Number(told.params.steps ?? 0); step++)
    if (!done.has(step)) yield `step ${step} was never done`;
}

/**
 * Of an attempt that ended with its host, or with its worker where the host is back before it is
 * lost.
 */
const LOST = new Set(["LIVEOPS_HOST_LOST", "LIVEOPS_WORKER_LOST"]);

function mayFail(told: Told, own: readonly Effect[], history: History): boolean {
  if (!LOST.has(told.error?.code ?? "") || history.isResumable(told)) return false;
  const last = own.at(-1);
  if (last) return isStruck(last, history, Number.POSITIVE_INFINITY);
  // A worker that was killed before the first effect leaves none.
  return (history.strikes ?? []).some(({ host }) => told.host == null || host === told.host);
}

/**
 * Each attempt makes each effect once, in order; nothing runs again without a fault at the host of
 * the attempt before.
 */
function* twice(told: Told, own: readonly Effect[], history: History): Generator<string> {
  const attempts = [...Map.groupBy(own, ({ attempt }) => attempt)].sort(([a], [b]) => a - b);
  for (const [attempt, effects] of attempts) {
    const words = effects.map(({ what, step }) => `${what}:${step}`);
    const again = words.find((word, index) => words.indexOf(word) < index);
    if (again !== undefined) yield `attempt ${attempt} did ${again} twice`;
    if (new Set(effects.map(({ pid, host }) => `${host} ${pid}`)).size > 1)
      yield `attempt ${attempt} ran in two processes`;
    if (!isInOrder(effects)) yield `attempt ${attempt} is out of order: ${words.join(" ")}`;
  }
  for (const [index, [attempt, effects]] of attempts.slice(0, -1).entries()) {
    const follower = attempts[index + 1]![1][0]!;
    if (!history.isResumable(told)) yield `attempt ${attempt} was followed by another one`;
    else if (!isStruck(effects.at(-1)!, history, follower.time))
      yield `attempt ${attempt} was repeated without a fault`;
  }
  const ran = attempts.at(-1)?.[0] ?? 0;
  if (ran > told.attempt) yield `attempt ${ran} ran, and the record has ${told.attempt}`;
}

/**
 * Whether the host was struck between its last effect of an attempt and `until`, so that the
 * attempt may be lost.
 */
function isStruck({ what, host, time }: Effect, { strikes = [] }: History, until: number): boolean {
  return strikes.some(
    (strike) =>
      strike.host === host &&
      strike.to >= time &&
      strike.from <= until &&
      (what !== "end" || strike.from - time < RECORDED_MS),
  );
}

function isInOrder(effects: readonly Effect[]): boolean {
  const rank = ({ what, step }: Effect) => {
    if (what === "begin") return 0;
    return what === "end" ? Number.POSITIVE_INFINITY : step;
  };
  return effects.every((effect, index) => index === 0 || rank(effects[index - 1]!) < rank(effect));
}

/** Every effect of an attempt is made before the first effect of the next one. */
function* overlaps(own: readonly Effect[]): Generator<string> {
  let newest = 0;
  for (const effect of own) {
    if (effect.attempt < newest)
      yield `attempt ${effect.attempt} at ${effect.host} did ${effect.what} ${effect.step} after attempt ${newest} had begun`;
    newest = Math.max(newest, effect.attempt);
  }
}

/** One fence an attempt, greater than those of the attempts before. */
function* fences(own: readonly Effect[]): Generator<string> {
  const attempts = [...Map.groupBy(own, ({ attempt }) => attempt)].sort(([a], [b]) => a - b);
  let before = 0;
  for (const [attempt, effects] of attempts) {
    const fence = effects[0]!.fence;
    if (effects.some((effect) => effect.fence !== fence))
      yield `attempt ${attempt} has several fences`;
    if (fence > 0 && fence <= before) yield `attempt ${attempt} has fence ${fence} after ${before}`;
    before = Math.max(before, fence);
  }
}

/**
 * A link is named by the one before and names it, one position later, and a chain ends where an
 * operation failed.
 */
function* chain(told: Told, records: ReadonlyMap<string, Told>): Generator<string> {
  const { id, index, previous, next } = told.chain;
  if ((previous === null) !== (index === 0))
    yield `position ${index} with the previous ${previous}`;
  if (previous !== null) {
    const before = records.get(previous);
    if (before?.chain.next !== told.id) yield `${previous} does not name it as its next`;
    if (before && before.state !== "succeeded")
      yield `${previous} handed over and is ${before.state}`;
  }
  if (next !== null) {
    const after = records.get(next);
    if (!after) yield `its next, ${next}, is nowhere`;
    else if (
      after.chain.previous !== told.id ||
      after.chain.index !== index + 1 ||
      after.chain.id !== id
    )
      yield `its next, ${next}, has another place: ${JSON.stringify(after.chain)}`;
  }
  const links = Number(told.params.links ?? 1);
  if (told.state === "succeeded" && links > 1 !== (next !== null))
    yield links > 1 ? "it has handed over to nobody" : "it has handed over after the last link";
}

/** All hosts tell the same operations, in the same state. */
function* disagreements(
  all: readonly Told[],
  records: ReadonlyMap<string, Told>,
): Generator<string> {
  const own = new Map(all.map((told) => [told.id, told]));
  for (const [id, expected] of records) {
    const told = own.get(id);
    if (!told) yield `${id} is missing`;
    else if (outcome(told) !== outcome(expected))
      yield `${id}: ${outcome(told)} and ${outcome(expected)}`;
  }
  for (const id of own.keys()) if (!records.has(id)) yield `${id} is known here alone`;
}

function outcome({ state, attempt, error, chain, logLines, finishedAt }: Told): string {
  return JSON.stringify({
    state,
    attempt,
    error: error?.code ?? null,
    chain,
    logLines,
    finishedAt,
  });
}

/** Lines from 1 to the record's count. */
function* holes(
  host: string,
  numbers: readonly number[],
  told: Told | undefined,
): Generator<string> {
  const wrong = numbers.findIndex((n, index) => n !== index + 1);
  if (wrong >= 0) yield `${host}: line ${wrong + 1} has the number ${numbers[wrong]}`;
  if (told && numbers.length !== told.logLines)
    yield `${host}: ${numbers.length} lines, and the record counts ${told.logLines}`;
}
